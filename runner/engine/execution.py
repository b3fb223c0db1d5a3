"""The job itself: its devices, its process, and how it ended."""

from __future__ import annotations

import os
import signal
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.allocation.interface import Claim
from runner.artifacts.collecting.preparing import prepare
from runner.engine import masking, simulated
from runner.engine.accounting.watch import Watch
from runner.engine.containing import contained
from runner.engine.ending.requests import Requests
from runner.engine.ending.standby import Standby
from runner.engine.enforcement import Enforcement
from runner.engine.noting import Noting
from runner.engine.relief import Standing
from runner.engine.surroundings import Surroundings
from runner.errors import ENVIRONMENT, WfError
from runner.events import (
    JobEnded,
    JobStarted,
    JobWrote,
    PhaseFinished,
    PhaseStarted,
    Stopping,
    Warned,
)
from runner.failpoints import reach
from runner.process.sink import LogFile
from runner.process.stopping import NOTICE
from runner.records import folder
from runner.records.past import usual
from runner.units import count, numbered

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.engine.attempt import Attempt
    from runner.engine.masking import Masking
    from runner.environments.interface import Environment
    from runner.executors.interface import Execution
    from runner.process.values import Exit


_NOTICE_GIVEN = "the job was given notice that it is about to end (SIGUSR1)"


class Ended(NamedTuple):
    """How a job ended, the seconds it took, and what was sampled of it."""

    exited: Exit
    wall: float
    sampled: dict[str, Any]


@contextmanager
def leased(attempt: Attempt) -> Iterator[Lease]:
    """The job's devices, for as long as they are needed.

    Raises:
        WfError: kind ``BUSY`` when they are taken and nobody wants to wait, ``UNSATISFIABLE`` when
            this machine can never have them.
    """
    started = time.monotonic()
    resources = attempt.job.demand
    attempt.notify(PhaseStarted("devices", "taking devices"))
    parts = attempt.parts
    with (
        Noting(attempt.run.paths.waiting, attempt.session.observer) as noting,
        Standby(parts.records, parts.leases, noting) as observer,
    ):
        lease = parts.leases.acquire(
            resources,
            parts.inventory,
            _claim(attempt),
            observer,
            wait=attempt.session.wait,
        )
    seen = simulated.with_stand_ins(lease, attempt.job)
    folder.write(attempt.run.paths.granted, seen.document(), durable=False)
    text = _granted(seen)
    attempt.notify(PhaseFinished("devices", text, time.monotonic() - started))
    reach("leased")
    try:
        yield lease
    finally:
        attempt.parts.leases.release(lease)
        reach("released")


def carry_out(attempt: Attempt, environment: Environment, lease: Lease, project: Path) -> Ended:
    """Run the job, and look after it.

    Raises:
        WfError: kind ``ENVIRONMENT`` when it cannot be started, or a secret cannot be had.
    """
    secrets = masking.read(attempt.job, project, attempt.parts.secrets)
    with secrets.errors():
        return _carry_out(attempt, environment, lease, project.name, secrets)


def _carry_out(
    attempt: Attempt, environment: Environment, lease: Lease, repo: str, secrets: Masking
) -> Ended:
    surroundings = Surroundings(attempt.run, attempt.job, attempt.session, environment, secrets)
    try:
        try:
            ended = _run(attempt, environment, lease, surroundings, repo)
        finally:
            surroundings.keep_noted()
        surroundings.keep_tracked()
        if ended.exited.code == 0:
            simulated.look_back(attempt.job, attempt.run.paths)
        return ended
    finally:
        surroundings.close()


def _run(
    attempt: Attempt, environment: Environment, lease: Lease, surroundings: Surroundings, repo: str
) -> Ended:
    paths, job, session = attempt.run.paths, attempt.job, attempt.session
    requests = Requests(session.signals, paths)
    relief = Standing(attempt)
    prepare(paths.workspace / job.working_dir, attempt.requests, paths.artifacts)
    seen = simulated.with_stand_ins(lease, job)
    context = contained(surroundings.context(seen, repo, attempt.number), attempt)
    if attempt.image is not None:
        relief.note()
    executor = attempt.parts.executors(job.executor)
    command = executor.translate(job, environment, seen, context)
    # what attempts before have written stays
    first = os.O_EXCL if attempt.number == 1 else 0
    log = os.open(paths.log, os.O_WRONLY | os.O_CREAT | first | os.O_CLOEXEC, 0o600)
    offset = os.lseek(log, 0, os.SEEK_END)
    try:
        if attempt.run.state.status != "running":
            attempt.run.advance("running")
        started = time.monotonic()

        def stopping(number: int) -> None:
            """Tell that the job is asked to end, and whether it is because its time is over."""
            if number == NOTICE:
                attempt.notify(Warned(_NOTICE_GIVEN))
                return
            requests.sent(number)
            limit = job.limits.max_duration
            over = limit is not None and time.monotonic() - started >= limit
            attempt.notify(Stopping(signal.Signals(number).name, limit if over else None))

        simulated.announce_in_log(job, log)
        session.signals.arm()
        surroundings.leave_ports()
        reach("before-start")
        sink = surroundings.output(LogFile(log, str(paths.log_times)))
        execution = executor.start(command, sink, relief)
        attempt.notify(JobStarted(execution.pid, str(paths.log), offset))
        reach("started")
        surroundings.watch()
        exited, sampled = _accompany(attempt, execution, lease, requests, stopping)
        reach("ended")
        return Ended(exited, time.monotonic() - started, sampled)
    except OSError as error:
        raise WfError(
            ENVIRONMENT,
            f"the job cannot be started: {error.strerror}: {error.filename}",
            hint="`wf plan` shows what would be started",
        ) from error
    finally:
        relief.close()
        attempt.notify(JobEnded())
        os.close(log)


def _accompany(
    attempt: Attempt,
    execution: Execution,
    lease: Lease,
    requests: Requests,
    stopping: Callable[[int], None],
) -> tuple[Exit, dict[str, Any]]:
    """Wait for the job's end and look after it meanwhile; how it ended, and what was sampled."""
    enforcement = Enforcement(attempt, lease)
    enforcement.look(execution)
    parts = attempt.parts
    watch = Watch(execution, lease, parts.leases, parts.loads, attempt.run.paths)

    def tick() -> None:
        enforcement.look(execution)
        watch.tick()

    try:
        exited = execution.wait(requests, lambda: attempt.notify(JobWrote()), stopping, tick)
    finally:
        watch.close()
    return exited, watch.document()


def _claim(attempt: Attempt) -> Claim:
    """What those who wait meanwhile may know. Who asks for nothing keeps nobody waiting."""
    wanted = attempt.job.demand
    records = attempt.parts.records
    took = usual(records, attempt.run.name, attempt.job.workflow) if wanted.leased else None
    return Claim(attempt.run.name, took, attempt.job.limits.max_duration)


def _granted(lease: Lease) -> str:
    """The devices in words: ``cores 0-3 of 8``, ``GPUs 0, 1 (NVIDIA H200)``."""
    said = []
    if lease.exclusive:
        said.append(f"{numbered('core', lease.cores)} of {lease.of_cores}")
    else:
        said.append(f"all {count(lease.of_cores, 'core')}, shared")
    names = dict.fromkeys(gpu.name for gpu in lease.gpus)
    for name in names:
        alike = [gpu.index for gpu in lease.gpus if gpu.name == name]
        said.append(f"{numbered('GPU', alike)} ({name})")
    if lease.simulated:
        said.append(count(lease.simulated, "simulated GPU"))
    return " · ".join(said)
