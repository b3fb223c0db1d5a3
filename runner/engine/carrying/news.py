"""What the process that carries a plan out says to the one that shows it: a line for each piece.

It is little: how each run goes on, its own folder tells.
"""

from __future__ import annotations

import json
import os
import select
import threading
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from runner.records.events import parse, written

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.events import Event


class Reused(NamedTuple):
    """A job whose outcome is taken from a former run."""

    run: str
    workflow: str
    reason: str


class Submitted(NamedTuple):
    """What was asked for is on the record; ``None``: it is many runs."""

    run: str | None


class Begun(NamedTuple):
    """A run began that goes by itself."""

    run: str
    workflow: str


class Moved(NamedTuple):
    """Who said this so far was killed: it is said by that process from now on."""

    pid: int


class Over(NamedTuple):
    """That run is over, and cleaned up after."""

    run: str


class LeftOut(NamedTuple):
    """A job that came to no run.

    ``reason`` is ``refused``, ``failure`` (of what it needs) or ``stopped``.
    """

    workflow: str
    reason: str
    message: str


class BatchBegan(NamedTuple):
    """So many jobs are begun with, side by side."""

    jobs: int


class JobBegan(NamedTuple):
    """A job's process was started, at that time of the monotonic clock."""

    workflow: str
    started: float


class JobTold(NamedTuple):
    """Something happened to a job."""

    workflow: str
    event: Event


class JobOver(NamedTuple):
    """A job ended, or will not be started; the fields are those of a course, and of its end."""

    workflow: str
    took: float | None
    because: str | None
    ended: tuple[Any, ...] | None


class Stopping(NamedTuple):
    """Somebody asked for the end of all."""

    signal: str


class BatchOver(NamedTuple):
    """All those jobs are over."""


class Tagged(NamedTuple):
    """A run was given a tag that ``before`` carried, if one did; no ``run``: it failed."""

    tag: str
    run: str | None
    before: str | None


class Carried(NamedTuple):
    """The plan was carried out: the runs made, in the order in which they were begun."""

    exit_code: int
    runs: tuple[str, ...]
    left_out: tuple[LeftOut, ...] = ()


class CalledOff(NamedTuple):
    """Somebody asked for the end between two runs, or before the first one, by that signal."""

    signal: int


class Broke(NamedTuple):
    """wf could not go on: the error, pickled."""

    error: bytes


class Bug(NamedTuple):
    """A bug in wf: what it says, and where its report is."""

    said: str
    report: str | None


End = Carried | CalledOff | Broke | Bug
News = (
    Reused | Submitted | Begun | Moved | Over | LeftOut | BatchBegan | JobBegan | JobTold | JobOver
    | Stopping | BatchOver | Tagged | End
)  # fmt: skip

_PLAIN: MappingProxyType[str, Callable[..., Any]] = MappingProxyType(
    {
        kind.__name__: kind
        for kind in (
            Reused, Submitted, Begun, Moved, Over, LeftOut, BatchBegan, JobBegan, Stopping,
            BatchOver, Tagged, CalledOff, Bug,
        )
    }
)  # fmt: skip


def encode(news: News) -> bytes:
    """One line."""
    facts: dict[str, Any] = dict(news._asdict())
    match news:
        case JobTold(_, event):
            facts["event"] = written(event)
        case Broke(error):
            facts["error"] = error.hex()
    return json.dumps([type(news).__name__, facts]).encode() + b"\n"


def decode(line: bytes) -> News | None:
    """What a line says; ``None`` for what has no meaning any more."""
    name, facts = json.loads(line)
    match name:
        case "JobTold":
            event = parse(facts["event"])
            return None if event is None else JobTold(facts["workflow"], event)
        case "JobOver":
            ended = facts.pop("ended")
            return JobOver(**facts, ended=None if ended is None else tuple(ended))
        case "Carried":
            left_out = tuple(LeftOut(*one) for one in facts["left_out"])
            return Carried(facts["exit_code"], tuple(facts["runs"]), left_out)
        case "Broke":
            return Broke(bytes.fromhex(facts["error"]))
    return cast("News", _PLAIN[name](**facts))


class Speaker:
    """Says news through a pipe, and never waits for who reads it until there are no more.

    What cannot be said yet waits in memory; what does not matter later is not said then. May be
    used by several threads.
    """

    def __init__(self, descriptor: int) -> None:
        """Writing to ``descriptor`` must not wait."""
        self._descriptor = descriptor
        self._left = bytearray()
        self._heard = True
        self._turn = threading.Lock()

    @property
    def behind(self) -> bool:
        """Whether something has not been said yet."""
        return bool(self._left)

    def say(self, news: News, *, passing: bool = False, more: bool = False) -> None:
        """Say it, now or later; what is ``passing`` now or never.

        ``more`` follows at once: it is said together with that, for each piece wakes who listens.
        """
        with self._turn:
            if self._heard and not (passing and self._left):
                self._left += encode(news)
                if not more:
                    self._write()

    def go_on(self) -> None:
        """Say what can be said now."""
        with self._turn:
            self._write()

    def finish(self, end: End) -> None:
        """Say the last of it, and wait until it is heard, or nobody listens any more."""
        self.say(end)
        poller = select.poll()
        poller.register(self._descriptor, select.POLLOUT)
        while self._left:
            poller.poll()
            self.go_on()

    def _write(self) -> None:
        try:
            while self._left:
                del self._left[: os.write(self._descriptor, self._left)]
        except BlockingIOError:
            return
        except OSError:  # nobody listens any more
            self._heard = False
            self._left.clear()
