"""How busy a run's GPUs are, asked beside the job: a driver may take its time, or hang."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.allocation.inventory import Load

    Ask = Callable[[Sequence[str]], Mapping[str, Load]]


class GpuWatch:
    """Asks once for each time it is told to, in a thread of its own.

    That thread ends with the program even while the driver hangs.
    """

    def __init__(self, ask: Ask, uuids: Sequence[str]) -> None:
        """``ask`` tells the loads of GPUs by UUID; it may block, and must not raise."""
        self._ask = ask
        self._uuids = tuple(uuids)
        self._found: Mapping[str, Load] = {}
        self._wanted = threading.Event()
        self._over = False
        threading.Thread(target=self._go, name="gpus", daemon=True).start()
        self._wanted.set()

    def take(self) -> Mapping[str, Load]:
        """What was found since the last time, and have it looked for again. Returns at once."""
        found, self._found = self._found, {}
        self._wanted.set()
        return found

    def close(self) -> None:
        """No more questions."""
        self._over = True
        self._wanted.set()

    def _go(self) -> None:
        while self._wanted.wait():
            self._wanted.clear()
            if self._over:
                return
            self._found = self._ask(self._uuids)
