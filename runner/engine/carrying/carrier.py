"""Plan -> runs: one job, a chain of them, or many at once. Knows no terminal.

It goes on in a process of its own, which says what it comes to (``news.py``).
"""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from runner.engine.carrying.news import (
    BatchBegan,
    BatchOver,
    Begun,
    Broke,
    Bug,
    CalledOff,
    Carried,
    JobBegan,
    JobOver,
    JobTold,
    LeftOut,
    Moved,
    Over,
    Reused,
    Stopping,
    Submitted,
    Tagged,
)
from runner.engine.parts import Session
from runner.errors import INTERRUPTED, OK, SIGNAL_BASE, STORAGE, WfError
from runner.events import PhaseProgress, PhaseStarted, RunCreated, ServiceReady, TookOver, Waiting
from runner.process.signals import Interrupted, Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from runner.engine.basis import Basis
    from runner.engine.carrying.batch import Batch, Course
    from runner.engine.carrying.news import End, Speaker
    from runner.engine.files import WorkflowFiles
    from runner.engine.parts import Parts, Rules
    from runner.events import Event
    from runner.plan.plan import Job, Plan
    from runner.records.opened import OpenRun
    from runner.terminal import WindowSize

_FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)
# between two tries to say what could not be said at once
_BEHIND_SECONDS = 0.25
_PASSING = (PhaseStarted, PhaseProgress, Waiting)


@dataclass(slots=True)
class Carrier:
    """Carries plans out."""

    opened: WorkflowFiles
    parts: Callable[[], Parts]
    """Makes the parts anew, for a child."""
    own: Parts
    rules: Rules
    variables: Mapping[str, str]
    terminal: WindowSize | None
    """The size of the terminal that shows a job that goes by itself."""
    tag: str | None
    """What the run is called if it succeeds."""
    report: Callable[[Exception], Path | None]
    """Writes a report of a bug in wf; where it is."""
    speaker: Speaker
    ahead: bool = False
    """The run that was asked for gets onto the record before what it depends on."""
    made: dict[str, str] = field(default_factory=dict)
    """Runs made so far, by workflow, in the order in which they were begun."""
    late: bool = False
    """A signal came too late for the last job: it is for what follows it."""
    _only: bool = False
    """Nothing comes after the run."""
    _reserved: OpenRun | None = None
    """The run that was asked for, until it begins."""
    _at_fault: str | None = None
    """The workflow whose run did not succeed, or is the next to tell."""

    def carry_out(self, plan: Plan, basis: Basis) -> None:
        """Do so, and say how it ended; whatever happens, that is said."""
        end: End
        try:
            end = self._all(plan, basis) if plan.everything else self._one(plan, basis)
            self._give(plan, end)
        except Interrupted as interruption:
            end = CalledOff(interruption.signal)
        except WfError as error:
            import pickle

            end = Broke(pickle.dumps(error))
        except Exception as bug:  # noqa: BLE001 - reported here, and told to who watches
            path = self.report(bug)
            end = Bug(f"{type(bug).__name__}: {bug}", None if path is None else str(path))
        basis.let_go()
        self.speaker.finish(end)
        # not before: a copy of this process would be one more that holds what this one does
        self._leave()

    def _leave(self) -> None:
        """Start what nobody has to wait for."""
        from runner.engine.ending import sharing

        sharing.begin(self.own.records.home, self.made.values())

    def _one(self, plan: Plan, basis: Basis) -> Carried:
        """A workflow, and before it what it depends on."""
        jobs = plan.to_run
        if len(jobs) == 1:
            self._only = True
            self._tell_reused(plan)
            return self._carried(self._alone(jobs[0], basis))
        from runner.engine.basis import frozen

        parts = self.own
        with (
            frozen(basis, parts.records.home.submissions, parts.own_folders) as copy,
            _known(copy, f"wf run {plan.job.workflow}"),
        ):
            return self._after(plan, copy) if self.ahead else self._chain(plan, copy)

    def _after(self, plan: Plan, basis: Basis) -> Carried:
        """The same where the run that was asked for is on the record from the start."""
        from runner.engine.submitting import give_up, reserve

        reserved = self._reserved = reserve(plan.job, self.own, basis)
        self.speaker.say(Submitted(reserved.name))
        try:
            return self._chain(plan, basis)
        finally:
            if self._reserved is not None:
                give_up(reserved, self._at_fault)

    def _chain(self, plan: Plan, basis: Basis) -> Carried:
        from runner.engine.carrying.batch import side_by_side, widest

        *first, last = plan.to_run
        inventory = self.own.inventory(widest(tuple(first)))
        if side_by_side(plan, tuple(first), inventory, self.rules):
            batch = self._batch(plan, tuple(first), basis)
            code = batch.first or (SIGNAL_BASE + batch.asked[0] if batch.asked else OK)
            if code != OK:
                self._at_fault = _failed(batch)
                return self._carried(code, _skipped(last.workflow, self._at_fault))
            first = []
        else:
            self._tell_reused(plan)
        for job in first:
            code = self._alone(self._resolved(job), basis)
            code = code or (INTERRUPTED if self.late else OK)
            if code != OK:
                left = (job for job in plan.to_run if job.workflow not in self.made)
                skipped = (_skipped(other.workflow, job.workflow) for other in left)
                return self._carried(code, *skipped)
        run, self._reserved = self._reserved, None
        return self._carried(self._alone(self._resolved(last), basis, run))

    def _all(self, plan: Plan, basis: Basis) -> Carried:
        """Every job of a plan."""
        from runner.engine.basis import frozen

        parts = self.own
        with (
            frozen(basis, parts.records.home.submissions, parts.own_folders) as copy,
            _known(copy, "wf run --all"),
        ):
            self.speaker.say(Submitted(None))
            batch = self._batch(plan, plan.to_run, copy)
        left_out = tuple(_left_out(c) for c in batch.courses.values() if c.run is None)
        return Carried(batch.first, tuple(self.made.values()), left_out)

    def _carried(self, code: int, *left_out: LeftOut) -> Carried:
        for left in left_out:
            self.speaker.say(left)
        return Carried(code, tuple(self.made.values()), left_out)

    def _batch(self, plan: Plan, jobs: tuple[Job, ...], basis: Basis) -> Batch:
        from runner.engine.carrying.batch import Batch
        from runner.engine.prepare import shortage_of

        # a connection must not be carried into children
        self.own.records.close()
        self.speaker.say(BatchBegan(len(jobs)))
        self._tell_reused(plan)
        batch = Batch(
            plan=plan,
            jobs=jobs,
            basis=basis,
            parts=self.parts,
            variables=self.variables,
            rules=self.rules,
            board=_Board(self.speaker),
            refused=lambda job: shortage_of(self.opened, job, self.own.inventory),
            signals=_listen(),
            report=self._reported,
        )
        batch.carry_out()
        begun = (course for course in batch.courses.values() if course.run is not None)
        self.made.update((course.workflow, str(course.run)) for course in begun)
        self.speaker.say(BatchOver())
        return batch

    def _reported(self, bug: Exception) -> str:
        return f"please send the report {self.report(bug)} with what you typed"

    def _alone(self, job: Job, basis: Basis, run: OpenRun | None = None) -> int:
        """Run one job in this process, as ``run`` if there is one already; the exit code."""
        if basis.source is None:
            basis.git.ask()  # git and our imports take as long as each other
        from runner.engine.run import execute
        from runner.plan.plan import Plan

        signals = _listen()
        self._at_fault = job.workflow
        session = Session(
            observer=_Announcer(self.speaker),
            signals=signals,
            variables=self.variables,
            terminal=self.terminal,
            wait=self.rules.wait,
        )
        finished = execute(Plan((job,)), basis.root, self.own, session, basis, run=run)
        name = finished.document["name"]
        self.made[job.workflow] = name
        self.late = any(number != signal.SIGWINCH for number in signals.take())
        self.speaker.say(Over(name), more=self._only)
        return finished.exit_code

    def _resolved(self, job: Job) -> Job:
        inputs = (
            replace(given, run=given.run or self.made.get(given.workflow or ""))
            for given in job.inputs
        )
        return replace(job, inputs=tuple(inputs))

    def _tell_reused(self, plan: Plan) -> None:
        for job in plan.jobs:
            if job.run is not None:
                self.speaker.say(Reused(job.run, job.workflow, job.reason))

    def _give(self, plan: Plan, end: Carried) -> None:
        """A run that did not succeed takes no tag away from one that did."""
        if self.tag is None:
            return
        run = self.made.get(plan.job.workflow)
        if end.exit_code != OK or run is None:
            self.speaker.say(Tagged(self.tag, None, None))
            return
        before = self.own.records.tags.give(self.tag, run)
        self.speaker.say(Tagged(self.tag, run, before))


class _Announcer:
    """An observer that says which run it is; the rest stands in the run's folder."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker
        self._workflow = ""

    def notify(self, event: Event) -> None:
        match event:
            case RunCreated(run, workflow):
                self._workflow = workflow
                self._speaker.say(Begun(run, workflow))
                self._speaker.say(Submitted(run))
            case TookOver(pid):
                self._speaker.say(Moved(pid))
            case ServiceReady():  # the token in its address stands in no file
                self._speaker.say(JobTold(self._workflow, event))


class _Board:
    """Says how a batch goes; see :class:`runner.engine.carrying.batch.Board`."""

    def __init__(self, speaker: Speaker) -> None:
        self._speaker = speaker

    @property
    def interval(self) -> float | None:
        return _BEHIND_SECONDS if self._speaker.behind else None

    def began(self, course: Course) -> None:
        assert course.started is not None  # noqa: S101 - it was, just now
        self._speaker.say(JobBegan(course.workflow, course.started))

    def told(self, course: Course, event: Event) -> None:
        self._speaker.say(JobTold(course.workflow, event), passing=isinstance(event, _PASSING))

    def ended(self, course: Course) -> None:
        ended = None if course.ended is None else tuple(course.ended)
        self._speaker.say(JobOver(course.workflow, course.took, course.because, ended))

    def stopping(self, signal: str) -> None:
        self._speaker.say(Stopping(signal))

    def tick(self) -> None:
        self._speaker.go_on()


@contextmanager
def _known(basis: Basis, command: str) -> Iterator[None]:
    """This process carries several runs out: whoever wants the end of all can find it."""
    from runner.records import carriers

    assert basis.copy is not None  # noqa: S101 - several runs are made from a copy
    try:
        held = carriers.hold(basis.copy.path, command)
    except OSError as error:
        raise WfError(
            STORAGE, f"the state folder cannot be written: {error.strerror}: {error.filename}"
        ) from error
    try:
        yield
    finally:
        os.close(held)


def _failed(batch: Batch) -> str | None:
    """The first job that did not succeed by itself; nobody when somebody asked for the end."""
    ended = ((course, course.ended) for course in batch.courses.values())
    return next((one.workflow for one, end in ended if end and end.status == "failed"), None)


def _skipped(workflow: str, because: str | None) -> LeftOut:
    """A job that was not begun with: one that it needs failed, or somebody asked for the end."""
    if because:
        return LeftOut(workflow, "failure", f"skipped: {because} failed")
    return LeftOut(workflow, "stopped", "skipped: stopped before")


def _left_out(course: Course) -> LeftOut:
    """The same of one of many, with which wf may not have been able to begin."""
    if course.ended is not None and course.ended.message is not None:
        return LeftOut(course.workflow, "refused", course.ended.message)
    return _skipped(course.workflow, course.because)


def _listen() -> Signals:
    """Signals for what is begun next; until it is armed they interrupt."""
    signals = Signals()
    signals.listen(_FORWARDED)
    return signals
