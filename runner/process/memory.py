"""The memory of a tree of processes, each page once, without walking all page tables each time.

What a process has resident for itself is told at once (``statm``), but not which of it a forked
process still shares with the one it was forked from: a training whose workers are forked would
seem to have its data once more in each. Only of such processes, and only now and then, the kernel
is asked for what is theirs alone (``smaps_rollup``), which takes some 25 ms for each gigabyte.
"""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, NamedTuple, Protocol

from runner.process.tree import contents

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.process.tree import Stat

# a forked process is asked again after so many looks
_AGAIN = 30
# after a question nobody is asked for so many times as long as it took
_REST_FACTOR = 1000


class _Known(NamedTuple):
    """Of one process: which it is, and how much of its memory is not its alone.

    ``asked`` is the number of the look at which it was asked, ``None`` for one that was not forked.
    """

    started: int
    layout: int
    shared: int = 0
    asked: int | None = None


def private(pid: int) -> int | None:
    """What a process has written and shares with nobody, in bytes; ``None``: it cannot be told."""
    try:
        lines = contents(f"/proc/{pid}/smaps_rollup").splitlines()
    except OSError:  # ended, or before Linux 4.14, or not ours to look into
        return None
    found = [int(line.split()[1]) for line in lines if line.startswith(b"Private_Dirty:")]
    return found[0] * 1024 if found else None


class Asker(Protocol):
    """Whoever asks what a process has for itself: one at a time, and nobody waits for it."""

    def ask(self, pid: int) -> bool:
        """Begin to ask; false if it is too soon."""
        ...

    def answer(self) -> tuple[int, int | None] | None:
        """The process that was asked and what it said, once, when it has."""
        ...


class Aside:
    """Asks in a thread, for a thousandth of a processor's time."""

    def __init__(self) -> None:
        self._answer: tuple[int, int | None] | None = None
        self._busy = False
        self._rest_until = 0.0

    def ask(self, pid: int) -> bool:
        """Begin to ask, unless one is being asked, or was just now."""
        if self._busy or time.monotonic() < self._rest_until:
            return False
        self._busy = True
        threading.Thread(target=self._go, args=(pid,), name="memory", daemon=True).start()
        return True

    def answer(self) -> tuple[int, int | None] | None:
        """What the last one said."""
        answer, self._answer = self._answer, None
        return answer

    def _go(self, pid: int) -> None:
        alone = private(pid)
        self._rest_until = time.monotonic() + _REST_FACTOR * time.thread_time()
        self._answer = (pid, alone)
        self._busy = False


class Unshared:
    """Adds up what processes have for themselves."""

    def __init__(self, asker: Asker | None = None) -> None:
        self._asker = asker or Aside()
        self._known: dict[int, _Known] = {}
        self._asked: tuple[int, int, int] | None = None
        self._looks = 0

    def look(self, found: Mapping[int, Stat], own: Mapping[int, int]) -> int:
        """The sum in bytes; ``own`` is what each has resident that is of no file, shared or not.

        One that was forked and has not been asked yet counts as sharing all that its parent had.
        """
        self._looks += 1
        self._known = {pid: self._of(pid, found, own) for pid in found}
        self._hear()
        self._ask(own)
        return sum(max(0, own[pid] - known.shared) for pid, known in self._known.items())

    def _of(self, pid: int, found: Mapping[int, Stat], own: Mapping[int, int]) -> _Known:
        now = found[pid]
        known = self._known.get(pid)
        if known is not None and (known.started, known.layout) == (now.started, now.layout):
            return known
        parent = found.get(now.parent)
        if parent is None or not now.layout or parent.layout != now.layout:
            return _Known(now.started, now.layout)
        shared = min(own[pid], own[now.parent])
        return _Known(now.started, now.layout, shared, self._looks - _AGAIN)

    def _hear(self) -> None:
        answer = self._asker.answer()
        if answer is None or self._asked is None:
            return
        (pid, started, own), self._asked = self._asked, None
        known, alone = self._known.get(pid), answer[1]
        if known is not None and known.started == started and known.asked is not None:
            shared = known.shared if alone is None else max(0, own - alone)
            self._known[pid] = known._replace(shared=shared, asked=self._looks)

    def _ask(self, own: Mapping[int, int]) -> None:
        due = [
            (known.asked, pid)
            for pid, known in self._known.items()
            if known.asked is not None and known.asked <= self._looks - _AGAIN
        ]
        if due and self._asked is None:
            _, pid = min(due)
            if self._asker.ask(pid):
                self._asked = (pid, self._known[pid].started, own[pid])
