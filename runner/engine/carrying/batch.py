"""Several jobs of a plan, each a run of its own in a child of this process, as many as fit at once.

A child that has done with a job carries out another one: making one costs as much as a short job.

A job starts when all that it needs has succeeded. Ctrl-C asks all of them to stop, twice kills.
"""

from __future__ import annotations

import os
import select
import signal
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from runner import errors
from runner.allocation.matching.together import fit
from runner.engine.carrying.member import Ended, Idle, Member, Order, heard, load_all
from runner.events import JobStarted, RunCreated, TookOver
from runner.fork import Nursery
from runner.plan.schedule import schedule
from runner.spec.workflow import Resources

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.allocation.inventory import Inventory
    from runner.engine.basis import Basis
    from runner.engine.parts import Parts, Rules
    from runner.errors import WfError
    from runner.events import Event
    from runner.fork import Worker
    from runner.plan.plan import Job, Plan
    from runner.plan.schedule import Schedule
    from runner.process.signals import Signals

_CHUNK = 1 << 16


@dataclass(slots=True)
class Course:
    """How one job goes, as far as it is known. Times are of the monotonic clock, in seconds."""

    job: Job
    run: str | None = None
    log: str | None = None
    started: float | None = None
    took: float | None = None
    ended: Ended | None = None
    because: str | None = None
    """The job at fault for this one not being started; empty: somebody asked for the end."""

    @property
    def workflow(self) -> str:
        """The workflow's name."""
        return self.job.workflow


class Board(Protocol):
    """Whoever watches a batch. Must not raise, and must return soon."""

    @property
    def interval(self) -> float | None:
        """Seconds after which :meth:`tick` is wanted without anything having happened."""
        ...

    def began(self, course: Course, /) -> None:
        """A job's process was started."""
        ...

    def told(self, course: Course, event: Event, /) -> None:
        """Something happened to a job."""
        ...

    def ended(self, course: Course, /) -> None:
        """A job ended, or will not be started."""
        ...

    def stopping(self, signal: str, /) -> None:
        """Somebody asked for the end of all."""
        ...

    def tick(self) -> None:
        """Time has passed."""
        ...


@dataclass(slots=True)
class Batch:
    """Jobs of a plan under way; :meth:`carry_out` is called once."""

    plan: Plan
    jobs: tuple[Job, ...]
    basis: Basis
    parts: Callable[[], Parts]
    variables: Mapping[str, str]
    rules: Rules
    board: Board
    refused: Callable[[Job], WfError | None]
    """Why this machine can never run a job."""
    signals: Signals
    report: Callable[[Exception], str]
    """Writes a report of a bug in wf, and says what to do with it."""
    courses: dict[str, Course] = field(default_factory=dict)
    first: int = errors.OK
    """The exit code: of the first job that did not succeed."""
    asked: list[int] = field(default_factory=list)
    """The signals by which somebody asked for the end of all."""
    _schedule: Schedule = field(init=False)
    _machine: Inventory = field(init=False)
    _nursery: Nursery = field(default_factory=Nursery)
    _children: dict[str, Worker] = field(default_factory=dict)
    _idle: list[Worker] = field(default_factory=list)
    _said: dict[str, bytes] = field(default_factory=dict)

    def carry_out(self) -> None:
        """Run until nothing goes on and nothing can start; nothing of it lives afterwards."""
        self.courses = {job.workflow: Course(job) for job in self.jobs}
        self._schedule = schedule(
            ((job.workflow, self.plan.needs(job)) for job in self.jobs),
            keep_going=self.rules.keep_going,
        )
        self._machine = self.parts().inventory(widest(self.jobs))
        self.signals.arm()
        load_all()
        try:
            while not self._schedule.over:
                self._start()
                self._listen()
            self._take()  # what came with the last end is for what follows
        finally:
            self._nursery.close()
            for worker in self._idle:
                worker.child.collect()

    def _start(self) -> None:
        """Start what can be; a job that this machine can never run has failed."""
        for name in self._schedule.ready:
            if self._schedule.states[name] != "waiting":
                continue  # a failure on the way here
            limit = self.rules.limit
            if limit is not None and len(self._children) >= limit:
                return
            course = self.courses[name]
            lacking = self.refused(course.job)
            if lacking is not None and self._children:
                continue  # its turn comes when what was begun before it has ended
            if lacking is not None:
                said = lacking.problems[0] if lacking.problems else lacking
                self._schedule = self._schedule.start(name)
                self._end(name, Ended(lacking.kind, "failed", said.message, said.hint))
            elif self._fits(course.job):
                self._schedule = self._schedule.start(name)
                course.started = time.monotonic()
                self._said[name] = b""
                self._children[name] = self._told(self._order(course.job))
                self.board.began(course)

    def _told(self, order: Order) -> Worker:
        """A child that was told to carry the job out; it may have ended before it could begin."""
        line = order.line()
        while self._idle:
            worker = self._idle.pop()
            if worker.tell(line):
                return worker
            self._nursery.dismiss(worker)
        jobs = {job.workflow: job for job in self.jobs}
        member = Member(jobs, self.basis, self.parts, self.variables, self.rules.wait, self.report)
        worker = self._nursery.make(member.live)
        worker.tell(line)
        return worker

    def _fits(self, job: Job) -> bool:
        going = [self.courses[name].job.demand for name in self._children]
        share = self.rules.limit is not None
        return not going or fit([*going, job.demand], self._machine, share=share)

    def _order(self, job: Job) -> Order:
        """The job with the names of the runs that its inputs come from."""
        runs = (
            self.courses[str(given.workflow)].run if given.run is None else given.run
            for given in job.inputs
        )
        return Order(job.workflow, tuple(runs))

    def _listen(self) -> None:
        """Wait until something happens, and take note of it."""
        if not self._children:
            return
        names = {worker.child.output: name for name, worker in self._children.items()}
        poller = select.poll()
        poller.register(self.signals, select.POLLIN)
        for output in names:
            poller.register(output, select.POLLIN | select.POLLHUP)
        interval = self.board.interval
        ready = poller.poll(None if interval is None else interval * 1000)
        self._take()
        for descriptor, _ in ready:
            if descriptor in names:
                self._hear(names[descriptor])
        self.board.tick()

    def _take(self) -> None:
        for number in self.signals.take():
            if number != signal.SIGWINCH:
                self._stop(number)

    def _stop(self, number: int) -> None:
        """Ask every job to stop; the second time they kill."""
        self.asked.append(number)
        for worker in self._children.values():
            worker.child.signal(number)
        self.board.stopping(signal.Signals(number).name)
        if len(self.asked) == 1:
            before = self._schedule
            self._schedule = before.stop()
            self._tell_skipped(before)

    def _hear(self, name: str) -> None:
        worker, course = self._children[name], self.courses[name]
        chunk = os.read(worker.child.output, _CHUNK)
        *lines, self._said[name] = (self._said[name] + chunk).split(b"\n")
        for line in lines:
            event = heard(line)
            if isinstance(event, Ended):
                course.ended = event
            if isinstance(event, Idle):
                self._idle.append(self._children.pop(name))
                self._end(name, course.ended or Ended(errors.INTERNAL))
            if event is None or isinstance(event, (Ended, Idle)):
                continue
            if isinstance(event, RunCreated):
                course.run = event.run
            elif isinstance(event, JobStarted):
                course.log = event.log
            elif isinstance(event, TookOver):
                worker = worker._replace(child=worker.child._replace(deputy=event.pid))
                self._children[name] = worker
            self.board.told(course, event)
        if not chunk:
            code = self._nursery.dismiss(self._children.pop(name))
            died = Ended(errors.INTERNAL, "failed", f"its process ended by itself ({code})")
            self._end(name, course.ended or died)

    def _end(self, name: str, ended: Ended) -> None:
        course = self.courses[name]
        course.ended = ended
        if course.started is not None:
            course.took = time.monotonic() - course.started
        self.first = self.first or ended.exit_code
        before = self._schedule
        self._schedule = before.end(name, succeeded=ended.exit_code == errors.OK)
        self.board.ended(course)
        self._tell_skipped(before)

    def _tell_skipped(self, before: Schedule) -> None:
        for name, state in self._schedule.states.items():
            if state == "skipped" and before.states[name] != "skipped":
                course = self.courses[name]
                course.because = self._schedule.because.get(name, "")
                self.board.ended(course)


def widest(jobs: tuple[Job, ...]) -> Resources:
    """What the machine must be looked at for: its GPUs only where a job wants one."""
    gpus = (job.resources.gpu for job in jobs)
    return Resources(gpu=next((gpu for gpu in gpus if gpu is not None), None))


def side_by_side(plan: Plan, jobs: tuple[Job, ...], machine: Inventory, rules: Rules) -> bool:
    """Whether at any time two of the jobs could go on at once."""
    if rules.limit == 1:
        return False
    share = rules.limit is not None
    left = schedule((job.workflow, plan.needs(job)) for job in jobs)
    asked = {job.workflow: job.demand for job in jobs}
    while not left.over:
        first, *others = left.ready
        if any(fit([asked[first], asked[other]], machine, share=share) for other in others):
            return True
        left = left.start(first).end(first, succeeded=True)
    return False
