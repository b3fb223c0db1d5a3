"""How a plan is carried out for a command: one job streamed, a chain of them, or many at once."""

from __future__ import annotations

import signal
import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from runner.errors import INTERRUPTED, OK

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.cli.context import Context
    from runner.cli.render.board import Board
    from runner.engine.basis import Basis
    from runner.engine.batch import Batch
    from runner.engine.files import WorkflowFiles
    from runner.engine.parts import Parts, Rules
    from runner.engine.run import Finished
    from runner.plan.plan import Job, Plan
    from runner.process.signals import Signals


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to.

    ``documents`` are those of the runs made, in the order in which they were begun; ``skipped``
    the jobs that were not.
    """

    exit_code: int
    documents: tuple[dict[str, Any], ...]
    skipped: tuple[dict[str, Any], ...] = ()

    def document(self) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "exit_code": self.exit_code,
            "runs": list(self.documents),
            "skipped": list(self.skipped),
        }


@dataclass(slots=True)
class Runner:
    """Carries plans out, for people who watch."""

    context: Context
    opened: WorkflowFiles
    parts: Callable[[], Parts]
    """Makes the parts anew, for a child."""
    own: Parts
    rules: Rules
    quiet_output: bool
    """The job's output goes where talk goes: stdout belongs to a document."""
    documents: list[dict[str, Any]] = field(default_factory=list)
    made: dict[str, str] = field(default_factory=dict)
    """Runs made so far, by workflow."""
    late: bool = False
    """A signal came too late for the last job: it is for what follows it."""

    def one(self, plan: Plan, basis: Basis) -> Outcome:
        """A workflow, and before it what it depends on."""
        jobs = plan.to_run
        if len(jobs) == 1:
            self._reused(plan)
            return Outcome(self._stream(jobs[0], basis, self.own), tuple(self.documents))
        from runner.engine.basis import frozen
        from runner.engine.batch import side_by_side, widest

        parts = self.own
        folder = parts.records.home.submissions
        with frozen(basis, folder, parts.own_folders) as copy:
            first = jobs[:-1]
            inventory = parts.inventory(widest(first))
            if side_by_side(plan, first, inventory, self.rules):
                batch = self._batch(plan, first, copy, parts)
                if batch.first != OK:
                    asked = _left_out(jobs[-1].workflow, _failed(batch), None)
                    self._tell_skipped((asked,))
                    return Outcome(batch.first, tuple(self.documents), (asked,))
                first = ()
            else:
                self._reused(plan)
            for job in first:
                code = self._stream(self._resolved(job), copy, parts)
                code = code or (INTERRUPTED if self.late else OK)
                if code != OK:
                    skipped = _skipped(plan, self.made, job.workflow)
                    self._tell_skipped(skipped)
                    return Outcome(code, tuple(self.documents), skipped)
            code = self._stream(self._resolved(jobs[-1]), copy, parts)
            return Outcome(code, tuple(self.documents))

    def all(self, plan: Plan, basis: Basis) -> Outcome:
        """Every job of a plan."""
        from runner.engine.basis import frozen

        parts = self.own
        with frozen(basis, parts.records.home.submissions, parts.own_folders) as copy:
            batch = self._batch(plan, plan.to_run, copy, parts)
        skipped = tuple(
            _left_out(
                course.workflow,
                course.because,
                None if course.ended is None else course.ended.message,
            )
            for course in batch.courses.values()
            if course.run is None
        )
        return Outcome(batch.first, tuple(self.documents), skipped)

    def _batch(self, plan: Plan, jobs: tuple[Job, ...], basis: Basis, parts: Parts) -> Batch:
        from runner.cli.render.board import summary
        from runner.engine.batch import Batch
        from runner.engine.prepare import shortage_of

        # a connection must not be carried into children
        parts.records.close()
        board = self._board(len(jobs))
        _tell_reused(plan, board)
        batch = Batch(
            plan=plan,
            jobs=jobs,
            basis=basis,
            parts=self.parts,
            variables=self.context.variables,
            rules=self.rules,
            board=board,
            refused=lambda job: shortage_of(self.opened, job, parts.inventory),
            signals=_listen(),
            report=self._report,
        )
        started = time.monotonic()
        self.context.err.flush()
        self.context.out.flush()
        try:
            batch.carry_out()
        finally:
            board.close()
        courses = list(batch.courses.values())
        for course in courses:
            if course.run is not None:
                self.made[course.workflow] = course.run
                paths = parts.records.home.run(course.run)
                self.documents.append(parts.records.document(paths))
        reused = len(plan.jobs) - len(plan.to_run)
        failed = next((c for c in courses if c.ended and c.ended.exit_code and c.run), None)
        following = "wf ps -a" if plan.everything else None
        if failed:
            following = f"wf show {failed.run}"
        board.finish(summary(courses, reused, time.monotonic() - started), following)
        return batch

    def _report(self, bug: Exception) -> str:
        import sys

        from runner.cli.crash import write_report

        path = write_report(bug, sys.argv[1:], self.context.variables)
        return f"please send the report {path} with what you typed"

    def _resolved(self, job: Job) -> Job:
        inputs = (
            replace(given, run=given.run or self.made.get(given.workflow or ""))
            for given in job.inputs
        )
        return replace(job, inputs=tuple(inputs))

    def _stream(self, job: Job, basis: Basis, parts: Parts) -> int:
        """Run one job here, its output on the terminal; the exit code."""
        from runner.cli.render.live import Watcher
        from runner.engine.parts import Session
        from runner.engine.run import execute
        from runner.plan.plan import Plan
        from runner.terminal import window_size

        context = self.context
        output = context.err if self.quiet_output else context.out
        workflow = self.opened.find(job.workflow)
        where = f"{workflow.file}:{self.opened.line(workflow)}"
        with Watcher(context.err, output, context.variables, where, context.now) as watcher:
            session = Session(
                observer=watcher,
                signals=_listen(),
                variables=context.variables,
                terminal=window_size() if output.isatty() else None,
                wait=self.rules.wait,
            )
            finished: Finished = execute(Plan((job,)), basis.root, parts, session, basis)
            watcher.finish(finished.document)
        self.documents.append(finished.document)
        self.made[job.workflow] = finished.document["name"]
        self.late = any(number != signal.SIGWINCH for number in session.signals.take())
        return finished.exit_code

    def _reused(self, plan: Plan) -> None:
        if len(plan.jobs) > len(plan.to_run):
            _tell_reused(plan, self._board(0))

    def _tell_skipped(self, skipped: tuple[dict[str, Any], ...]) -> None:
        board = self._board(0)
        for told in skipped:
            board.skipped(told["workflow"], told["message"])

    def _board(self, jobs: int) -> Board:
        from runner.cli.render.board import Board

        return Board(self.context.err, self.context.variables, jobs, self.context.now)


def _tell_reused(plan: Plan, board: Board) -> None:
    for job in plan.jobs:
        if job.run is not None:
            board.reused(job.run, job.workflow, job.reason)


def _skipped(
    plan: Plan, made: dict[str, str], failed: str | None = None
) -> tuple[dict[str, Any], ...]:
    """What a plan was not begun with."""
    left = (job.workflow for job in plan.to_run if job.workflow not in made)
    return tuple(_left_out(workflow, failed, None) for workflow in left)


def _failed(batch: Batch) -> str | None:
    """The first job that did not succeed by itself; nobody when somebody asked for the end."""
    ended = ((course, course.ended) for course in batch.courses.values())
    return next((one.workflow for one, end in ended if end and end.status == "failed"), None)


def _left_out(workflow: str, because: str | None, message: str | None) -> dict[str, Any]:
    """A job without a run, for programs; ``message`` is there when wf could not begin with it."""
    if message is not None:
        reason = "refused"
    else:
        reason = "failure" if because else "stopped"
        message = f"skipped: {because} failed" if because else "skipped: stopped before"
    return {"workflow": workflow, "reason": reason, "message": message}


def _listen() -> Signals:
    """Signals for what is begun next; until it is armed they interrupt."""
    from runner.process.signals import Signals

    signals = Signals()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH):
        signal.signal(number, signals.arrived)
    return signals
