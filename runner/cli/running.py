"""How a plan is carried out for a command: in a process of its own, which the command shows.

That process is forked from this one and knows no terminal (``engine/carrying/carrier.py``). It goes
on when the command is killed, or leaves.
"""

from __future__ import annotations

import os
import signal
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner import fork
from runner.cli.crash import ReportedError, write_report
from runner.cli.hearing import Hearing, ask
from runner.engine.carrying import news
from runner.errors import LOST, SIGNAL_BASE, WfError
from runner.process.signals import Signals
from runner.records.codes import of_document
from runner.terminal import window_size

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.cli.batch import BatchView
    from runner.cli.context import Context
    from runner.cli.render.board import Board
    from runner.cli.watching import RunView
    from runner.engine.basis import Basis
    from runner.engine.files import WorkflowFiles
    from runner.engine.parts import Parts, Rules
    from runner.fork import Child
    from runner.plan.plan import Plan

_CHUNK = 1 << 16
_ENDS = (news.Carried, news.CalledOff, news.Broke, news.Bug)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a command came to.

    ``runs`` are those made, in the order in which they were begun; ``left_out`` the jobs that came
    to none.
    """

    exit_code: int
    runs: tuple[str, ...]
    left_out: tuple[news.LeftOut, ...] = ()

    def documents(self, parts: Parts) -> list[dict[str, Any]]:
        """Those of the runs, with their metrics."""
        from runner.records.looking import with_metrics

        records = parts.records
        found = [records.home.run(name) for name in self.runs]
        return [with_metrics(records.document(paths), paths) for paths in found]

    def document(self, parts: Parts) -> dict[str, Any]:
        """The outcome as JSON."""
        return {
            "exit_code": self.exit_code,
            "runs": self.documents(parts),
            "skipped": [left._asdict() for left in self.left_out],
        }


@dataclass(slots=True)
class Runner:
    """Has plans carried out, for people who watch."""

    context: Context
    opened: WorkflowFiles
    parts: Callable[[], Parts]
    """Makes the parts anew, for a child."""
    own: Parts
    rules: Rules
    quiet_output: bool
    """The job's output goes where talk goes: stdout belongs to a document."""
    detaches: bool = False
    """Nobody watches: the command ends as soon as what was asked for is on the record."""
    tag: str | None = None
    """What the run is called if it succeeds."""
    status: bool = True
    """Whether a line below the job's output is wanted, where there can be one."""
    _plan: Plan = field(init=False)
    shown: str | None = None
    """The run that was shown last, by itself."""
    _deputy: int | None = None
    """Who carries it out, if the one that began was killed."""
    _view: RunView | None = None
    _batch: BatchView | None = None
    _hearing: Hearing = field(default_factory=Hearing)
    _unheard: Signals = field(default_factory=Signals)
    """What was asked for while no run was shown."""

    def run(self, plan: Plan, basis: Basis) -> Outcome:
        """Have it carried out, and show it.

        Raises:
            WfError: as it was raised where it is carried out; or kind ``LOST``, as that was killed.
            ReportedError: a bug in wf.
            Leaving: the user wants to see no more of it.
        """
        self._plan = plan
        self._unheard.arm()
        with self._hearing:
            child = self._start(plan, basis)
            self._unheard.wake()
            self._hearing.aim(lambda number: self._pass_on(child, number))
            try:
                end = self._show(child)
                child.collect()
                return self._lost() if end is None else _outcome(end)
            finally:
                self._close()

    def submit(self, plan: Plan, basis: Basis) -> str | None:
        """Have it carried out, and do not wait for that; the run, or ``None`` if it is many.

        Raises:
            WfError: as for :meth:`run`, where it did not get onto the record.
            ReportedError: the same.
        """
        self._plan = plan
        with self._hearing:
            child = self._start(plan, basis)
            self._hearing.aim(child.signal)
            for told in _heard(child.output):
                if isinstance(told, news.Submitted):
                    os.close(child.output)
                    return told.run
                if isinstance(told, _ENDS):
                    child.collect()
                    outcome = _outcome(told)
                    raise WfError(outcome.exit_code, "it was called off before it was begun")
            child.collect()
            message = "the process of wf that was to carry it out was killed"
            raise WfError(LOST, message, hint="try again")

    def _start(self, plan: Plan, basis: Basis) -> Child:
        from runner.cli.render.statusline import possible

        # neither a connection nor what is still to be said must be there twice
        self.own.records.close()
        self.context.out.flush()
        self.context.err.flush()
        output, variables = self._output, self.context.variables
        self.status = self.status and not self.quiet_output and possible(output, variables)
        self._hearing.kept_rows = int(self.status)
        seen = output.isatty() and not self.detaches
        terminal = window_size(self._hearing.kept_rows) if seen else None
        first = Signals()

        def work(descriptor: int) -> None:
            from runner.engine.carrying.carrier import Carrier

            Carrier(
                self.opened,
                self.parts,
                self.own,
                self.rules,
                self.context.variables,
                terminal,
                self.tag,
                self._report,
                news.Speaker(descriptor),
                self.detaches,
            ).carry_out(plan, basis)

        return fork.detached(work, first.arrived)

    @property
    def _output(self) -> Any:  # noqa: ANN401
        return self.context.err if self.quiet_output else self.context.out

    def _report(self, bug: Exception) -> Path | None:
        import sys

        return write_report(bug, sys.argv[1:], self.context.variables)

    def _pass_on(self, child: Child, number: int) -> None:
        """What is asked of a command is asked of all runs that it shows.

        Where it shows none it may not have heard of one that has begun: it listens first.
        """
        if self._view is None and self._batch is None and number != signal.SIGWINCH:
            self._unheard.arrived(number)
        else:
            self._ask(child, number)

    def _ask(self, child: Child, number: int) -> None:
        if number != signal.SIGWINCH:
            home, now = self.own.records.home, self.context.now()
            for run in self._going():
                ask(home.run(run), number, now)
        child._replace(deputy=self._deputy).signal(number)

    def _go_on_with(self, child: Child) -> None:
        """Somebody else carries it out: what was asked for is asked again, which counts once."""
        self._deputy = child.deputy
        for number in self._hearing.asked[-1:]:
            child.signal(number)

    def _going(self) -> list[str]:
        """The runs on the screen that are not over."""
        if self._batch is not None:
            return self._batch.going()
        return [] if self._view is None else [self._view.paths.root.name]

    def _show(self, child: Child) -> news.End | None:
        """Show what is said and done until it ends; ``None`` when it was killed."""
        said = b""
        while True:
            ready = self._wait(child.output)
            self._hearing.check()
            if child.output in ready:
                chunk = os.read(child.output, _CHUNK)
                *lines, said = (said + chunk).split(b"\n")
                for line in lines:
                    told = news.decode(line)
                    if isinstance(told, _ENDS):
                        self._look()
                        return told
                    if isinstance(told, news.Moved):
                        self._go_on_with(child._replace(deputy=told.pid))
                    elif told is not None:
                        self._tell(told)
                if not chunk:
                    return None
            elif self._unheard.fileno() in ready:
                for number in self._unheard.take():
                    self._ask(child, number)
            self._look()

    def _wait(self, output: int) -> set[int]:
        asked = self._unheard.fileno()
        if self._view is not None:
            return self._view.wait([output, asked], None)
        import select

        interval = None if self._batch is None else self._batch.interval
        ready, _, _ = select.select([output, asked], [], [], interval)
        return set(ready)

    def _look(self) -> None:
        if self._view is not None:
            self._view.look()
        if self._batch is not None:
            self._batch.tick()

    def _tell(self, told: news.News) -> None:
        match told:
            case news.Begun(run, workflow):
                self._open(run, workflow)
            case news.JobTold(_, event) if self._view is not None:
                self._look()
                self._view.watcher.notify(event)
            case news.Over(run):
                self._finish(run)
            case news.Reused() if self._batch is None:
                self._board().reused(*told)
            case news.LeftOut(workflow, _, message):
                self._board().skipped(workflow, message)
            case news.Tagged():
                self._tell_tag(told)
            case news.BatchBegan(jobs):
                from runner.cli.batch import BatchView

                self.shown = None
                self._batch = BatchView(self._plan, jobs, self._board(jobs))
                self._hearing.shown = self._batch
            case news.BatchOver() if self._batch is not None:
                self._batch.finish()
                self._close()
            case _ if self._batch is not None:
                self._batch.tell(told)

    def _open(self, run: str, workflow: str) -> None:
        from runner.cli.render.live import Watcher
        from runner.cli.watching import RunView

        found = self.opened.find(workflow)
        where = f"{found.file}:{self.opened.line(found)}"
        context = self.context
        watcher = Watcher(
            context.err, self._output, context.variables, where, context.now, status=self.status
        )
        paths = self.own.records.home.run(run)
        self._view = RunView(paths, watcher, context, apart=True)
        self.shown = run
        self._hearing.shown = watcher
        self._hearing.window = paths.window

    def _finish(self, run: str) -> None:
        """The run is over, and its record complete."""
        if self._view is not None:
            self._view.look()
            self._view.watcher.finish(self.own.records.document(self.own.records.home.run(run)))
        self._close()

    def _close(self) -> None:
        self._hearing.shown = self._hearing.window = None
        for view in (self._view, self._batch):
            if view is not None:
                view.close()
        self._view = self._batch = None

    def _tell_tag(self, told: news.Tagged) -> None:
        if told.run is None:
            said = f"the tag `{told.tag}` was not given: the run did not succeed\n"
        else:
            moved = f", no longer to {told.before}" if told.before else ""
            said = f"the tag `{told.tag}` was given to {told.run}{moved}\n"
        self.context.err.write(said)

    def _lost(self) -> Outcome:
        """What carried the plan out was killed: the truth about what it had begun."""
        from runner.cli.settled import settle

        records = self.own.records
        settle(records, self.context)
        if self._view is None and self._batch is None and self._hearing.asked:
            return Outcome(SIGNAL_BASE + self._hearing.asked[0], ())  # nothing had been begun
        if self._view is not None:
            self._view.look()
            document = records.document(self._view.paths)
            code = of_document(document)
            if code is not None:
                self._view.watcher.finish(document)
                return Outcome(code, (document["name"],))
        message = "the process of wf that carried it out was killed"
        raise WfError(LOST, message, hint="`wf ps -a` shows what became of it")

    def _board(self, jobs: int = 0) -> Board:
        from runner.cli.render.board import Board

        return Board(self.context.err, self.context.variables, jobs, self.context.now)


def _heard(output: int) -> Iterator[news.News]:
    """What is said, until nothing is any more."""
    with open(output, "rb", closefd=False) as lines:
        for line in lines:
            told = news.decode(line)
            if told is not None:
                yield told


def _outcome(end: news.End) -> Outcome:
    match end:
        case news.CalledOff(number):
            return Outcome(SIGNAL_BASE + number, ())
        case news.Broke(error):
            import pickle

            raise pickle.loads(error)  # noqa: S301 - our own process has made it
        case news.Bug(said, report):
            raise ReportedError(said, None if report is None else Path(report))
        case news.Carried(exit_code, runs, left_out):
            return Outcome(exit_code, runs, left_out)
