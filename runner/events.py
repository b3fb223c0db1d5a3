"""What happens during a run, told to whoever watches. No imports from wf.

The engine and the stages never print: they call :meth:`Observer.notify` with one of these frozen
values. ``cli/render`` shows them; tests collect them.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol


class RunCreated(NamedTuple):
    """A run exists on the record from now on."""

    run: str
    workflow: str


class PhaseStarted(NamedTuple):
    """A phase began: ``code`` (snapshot), ``inputs``, ``env``, ``devices``, ``ports`` …."""

    phase: str
    text: str


class PhaseProgress(NamedTuple):
    """Something moved within a phase; ``text`` replaces the one before.

    ``waiting``: it stands still until others are done, which is said where nothing moves, too.
    """

    phase: str
    text: str
    waiting: bool = False


class Waiting(NamedTuple):
    """A run waits for devices.

    ``short_of`` is what it lacks, in words. ``place`` of ``places`` is where it stands in the
    queue, counted from 1. ``holders`` are who has it, in words, and ``runs`` the names of all runs
    that have something, as their users say. ``likely`` is in how many seconds
    it probably starts, and ``at_most`` in how many at the latest; ``None``: nobody can tell.
    """

    short_of: str
    place: int
    places: int
    holders: tuple[str, ...] = ()
    likely: float | None = None
    at_most: float | None = None
    runs: tuple[str, ...] = ()


class PhaseFinished(NamedTuple):
    """A phase ended well; ``text`` is what it came to, ``seconds`` how long it took."""

    phase: str
    text: str
    seconds: float


class JobStarted(NamedTuple):
    """The job's first process runs; its output grows in the file ``log``, from ``start`` on.

    That is 0 unless the job was started before.
    """

    pid: int
    log: str
    start: int = 0


class ServiceReady(NamedTuple):
    """The job's service can be reached; ``url`` holds its token, if it has one."""

    name: str
    url: str


class JobWrote(NamedTuple):
    """The log has grown."""


class JobEnded(NamedTuple):
    """The job's first process has ended and its whole output is in the log."""


class Stopping(NamedTuple):
    """The job is asked to end: ``signal`` is what it was sent.

    ``after`` is the time in seconds that is over; ``None``: somebody asked.
    """

    signal: str
    after: float | None = None


class TookOver(NamedTuple):
    """The process of wf that looked after the job was killed, and this one does from now on."""

    pid: int

    @property
    def text(self) -> str:
        """That in words."""
        return f"its wf was killed; another process of it goes on (process {self.pid})"


class Warned(NamedTuple):
    """Something the user should know, though the run goes on."""

    text: str


Event = (
    RunCreated
    | PhaseStarted
    | PhaseProgress
    | Waiting
    | PhaseFinished
    | JobStarted
    | ServiceReady
    | JobWrote
    | JobEnded
    | Stopping
    | TookOver
    | Warned
)


class Observer(Protocol):
    """Whoever is told. Must not raise, and must return soon."""

    def notify(self, event: Event, /) -> None:
        """Take note of one event.

        Called from the thread that runs the job, and for :class:`ServiceReady` from another one
        while the job runs.
        """
