"""One job of several, carried out in a child process, and what it says to its parent.

A line of JSON is one event of the job, the last one its end.
"""

from __future__ import annotations

import json
import os
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from runner import events
from runner.engine.parts import Session
from runner.engine.run import execute
from runner.errors import INTERNAL, SIGNAL_BASE, WfError
from runner.plan.plan import Plan
from runner.process.signals import Interrupted, Signals
from runner.records.events import parse, written

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.engine.basis import Basis
    from runner.engine.parts import Parts
    from runner.plan.plan import Job

_TOLD = (
    events.RunCreated,
    events.PhaseStarted,
    events.PhaseProgress,
    events.Waiting,
    events.JobStarted,
    events.ServiceReady,
    events.Stopping,
    events.Warned,
)


def load_all() -> None:
    """Load what every child needs, so that none of them has to: a tenth of the time of a short job.

    Objects that are there by then are left alone by the children's search for garbage, and so are
    not copied for them.
    """
    import _ctypes  # noqa: F401 - makes a job's orphans ours
    import gc
    import resource  # noqa: F401 - os.wait4 loads it, for what a job has used
    import shutil  # noqa: F401 - removes workspaces

    import runner.records.names  # noqa: F401

    gc.freeze()


class Ended(NamedTuple):
    """How a job ended: ``status`` is its run's, or ``failed`` when it did not come to one.

    ``details`` are there when wf itself could not go on, ``failure`` (that of the run's document)
    when its job failed, ``hint`` when it is known what to type.
    """

    exit_code: int
    status: str = "failed"
    message: str | None = None
    hint: str | None = None
    details: str | None = None
    failure: dict[str, Any] | None = None


class _Teller:
    """An observer that writes what happens to a descriptor."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def notify(self, event: events.Event) -> None:
        if isinstance(event, _TOLD):
            self.say(event)

    def say(self, event: events.Event | Ended) -> None:
        told = {"ended": event._asdict()} if isinstance(event, Ended) else written(event)
        line = json.dumps(told) + "\n"
        view = memoryview(line.encode())
        with suppress(OSError):  # nobody listens any more; the record still has it all
            while view:
                view = view[os.write(self._descriptor, view) :]


def heard(line: bytes) -> events.Event | Ended | None:
    """What a line says."""
    told: dict[str, Any] = json.loads(line)
    return Ended(**told["ended"]) if "ended" in told else parse(told)


@dataclass(frozen=True, slots=True)
class Member:
    """A job with all that carrying it out takes.

    ``parts`` makes them anew in the child. ``report`` writes a report of a bug in wf, and says what
    to do with it.
    """

    job: Job
    basis: Basis
    parts: Callable[[], Parts]
    variables: Mapping[str, str]
    wait: bool
    report: Callable[[Exception], str]

    def live(self, descriptor: int) -> None:
        """Carry the job out, in the child."""
        teller = _Teller(descriptor)
        signals = Signals()
        session = Session(teller, signals, self.variables, terminal=None, wait=self.wait)
        try:
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, signals.arrived)
            parts = self.parts()
            finished = execute(Plan((self.job,)), self.basis.root, parts, session, self.basis)
            told = finished.document
            ended = Ended(finished.exit_code, told["status"], told["message"], told["hint"])
            teller.say(ended._replace(failure=told["failure"]))
        except Interrupted as interruption:
            code = SIGNAL_BASE + interruption.signal
            teller.say(Ended(code, "cancelled", "interrupted before it was begun"))
        except WfError as error:
            teller.say(Ended(error.kind, "failed", error.message, error.hint, error.details))
        except Exception as bug:  # noqa: BLE001 - reported here, and told to the parent
            said = f"a bug in wf: {type(bug).__name__}: {bug}"
            teller.say(Ended(INTERNAL, "failed", said, self.report(bug)))
