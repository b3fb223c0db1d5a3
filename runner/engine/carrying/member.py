"""Jobs of several, carried out one after another in a child process, which is told which.

What it says to its parent: a line of JSON is one event of a job, the last one its end. After that
it says that it is idle, or ends itself: it goes on only after a job that came to an end as it
should, so that nothing which went wrong with one job can touch the next.
"""

from __future__ import annotations

import json
import os
import select
import signal
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, NamedTuple

from runner import events
from runner.engine.parts import Session
from runner.engine.run import execute
from runner.errors import INTERNAL, SIGNAL_BASE, WfError
from runner.plan.plan import Plan
from runner.process.signals import Interrupted, Signals
from runner.records import supervision
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
    events.TookOver,
    events.Warned,
)


_CHUNK = 1 << 16


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


class Idle(NamedTuple):
    """A child has done with its job, and waits for another one."""


class Order(NamedTuple):
    """What a child is told to do: a job, with the runs that its inputs come from, in their order.

    A run is ``None`` where nobody knows it.
    """

    workflow: str
    runs: tuple[str | None, ...]

    def line(self) -> bytes:
        """As it is sent."""
        return json.dumps([self.workflow, self.runs]).encode() + b"\n"


class _Teller:
    """An observer that writes what happens to a descriptor. ``run`` is the run it happened to."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self.run: str | None = None

    def notify(self, event: events.Event) -> None:
        if isinstance(event, events.RunCreated):
            self.run = event.run
        if isinstance(event, _TOLD):
            self.say(event)

    def say(self, *said: events.Event | Ended | Idle) -> None:
        lines = "".join(json.dumps(_told(each)) + "\n" for each in said)
        view = memoryview(lines.encode())
        with suppress(OSError):  # nobody listens any more; the record still has it all
            while view:
                view = view[os.write(self._descriptor, view) :]


def _told(said: events.Event | Ended | Idle) -> dict[str, Any]:
    if isinstance(said, Idle):
        return {"idle": True}
    return {"ended": said._asdict()} if isinstance(said, Ended) else written(said)


def heard(line: bytes) -> events.Event | Ended | Idle | None:
    """What a line says."""
    told: dict[str, Any] = json.loads(line)
    if "idle" in told:
        return Idle()
    return Ended(**told["ended"]) if "ended" in told else parse(told)


class _Orders:
    """Orders as they arrive."""

    def __init__(self, descriptor: int, signals: Signals) -> None:
        self._descriptor = descriptor
        self._signals = signals

    def next(self) -> Order | None:
        """Wait for one; ``None`` when there is none any more, or somebody asks for the end."""
        poller = select.poll()
        for each in (self._descriptor, self._signals.fileno()):
            poller.register(each, select.POLLIN)
        while all(found != self._descriptor for found, _ in poller.poll()):
            if self._signals.take():
                return None
        line = b""
        while not line.endswith(b"\n"):  # there is but one order at a time
            part = os.read(self._descriptor, _CHUNK)
            if not part:
                return None
            line += part
        workflow, runs = json.loads(line)
        return Order(workflow, tuple(runs))


@dataclass(frozen=True, slots=True)
class Member:
    """A child's work, with all that carrying jobs out takes.

    ``parts`` makes them anew in the child. ``report`` writes a report of a bug in wf, and says what
    to do with it.
    """

    jobs: Mapping[str, Job]
    """By workflow: all that it can be told to carry out."""
    basis: Basis
    parts: Callable[[], Parts]
    variables: Mapping[str, str]
    wait: bool
    report: Callable[[Exception], str]

    def live(self, taking: int, saying: int) -> None:
        """Carry jobs out, in the child, until there are no more orders."""
        signals = Signals()
        signals.arm()
        signals.listen((signal.SIGINT, signal.SIGTERM))
        orders, parts, process = _Orders(taking, signals), self.parts(), os.getpid()
        while (order := orders.next()) is not None:
            teller = _Teller(saying)
            ended, goes_on = self._carry_out(order, parts, teller, signals)
            # one that took over has nothing that tells it when its parent is gone
            goes_on = goes_on and os.getpid() == process
            if not goes_on or not _let_go(parts, teller.run, signals):
                teller.say(ended)
                return
            teller.say(ended, Idle())

    def _carry_out(
        self, order: Order, parts: Parts, teller: _Teller, signals: Signals
    ) -> tuple[Ended, bool]:
        """How the job ended, and whether this process is fit for another one."""
        session = Session(teller, signals, self.variables, terminal=None, wait=self.wait)
        try:
            signals.disarm()
            plan = Plan((self._job(order),))
            finished = execute(plan, self.basis.root, parts, session, self.basis)
            signals.arm()
        except Interrupted as interruption:
            code = SIGNAL_BASE + interruption.signal
            return Ended(code, "cancelled", "interrupted before it was begun"), False
        except WfError as error:
            return Ended(error.kind, "failed", error.message, error.hint, error.details), False
        except Exception as bug:  # noqa: BLE001 - reported here, and told to the parent
            said = f"a bug in wf: {type(bug).__name__}: {bug}"
            return Ended(INTERNAL, "failed", said, self.report(bug)), False
        told = finished.document
        ended = Ended(finished.exit_code, told["status"], told["message"], told["hint"])
        return ended._replace(failure=told["failure"]), True

    def _job(self, order: Order) -> Job:
        job = self.jobs[order.workflow]
        inputs = (
            replace(given, run=run) for given, run in zip(job.inputs, order.runs, strict=True)
        )
        return replace(job, inputs=tuple(inputs))


def _let_go(parts: Parts, run: str | None, signals: Signals) -> bool:
    """Whether no signal for a run that is over can hit the next one."""
    if run is None or not supervision.done_with(parts.records.home.run(run)):
        return False
    signals.take()
    return True
