"""What arrives for a job, seen together with what is on the record of who sent it."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from runner.records import asking

if TYPE_CHECKING:
    from runner.paths import RunPaths
    from runner.process.signals import Signals
    from runner.records.asking import Asked


class Requests:
    """The signals of a run as its job is to be told of them.

    A request to abort is SIGKILL. Who asks again by the same request (two ``wf stop`` at once) is
    waiting already, and not impatient; nor is who asks for the end of a job whose time is over.
    """

    def __init__(self, signals: Signals, paths: RunPaths) -> None:
        self._signals = signals
        self._paths = paths
        self._last: Asked | None = None
        self._ending = False

    def fileno(self) -> int:
        """Readable when something has arrived."""
        return self._signals.fileno()

    def sent(self, _number: int) -> None:
        """The job has been sent a signal, for whatever reason."""
        self._ending = True

    def take(self) -> list[int]:
        """The signals that arrived since the last time."""
        told = (self._seen(number) for number in self._signals.take())
        return [number for number in told if number is not None]

    def _seen(self, number: int) -> int | None:
        if number == signal.SIGWINCH:
            return number
        asked, before = asking.read(self._paths), self._last
        self._last = asked
        if asked is None:
            return number
        if asked.abort:
            return signal.SIGKILL
        late = self._ending and before is None and asked.by != "interrupt"
        return None if asked == before or late else number
