"""Plan -> Record: carries a plan out, stage by stage, and writes down what came of it.

Every end is recorded: the job's own, wf's failures, interruptions. The environment is made ready
before devices are taken, so that nothing is held while packages install.
"""

from __future__ import annotations

import json
import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner import errors, tree
from runner.artifacts.collect import collect, prepare
from runner.engine import inputs, pylock
from runner.engine.advice import Adviser
from runner.engine.basis import look
from runner.engine.surroundings import Surroundings
from runner.engine.verdict import cancelled_code, judge, shell_code
from runner.environments.interface import Build
from runner.errors import ENVIRONMENT, WfError
from runner.events import (
    JobEnded,
    JobStarted,
    JobWrote,
    PhaseFinished,
    PhaseProgress,
    PhaseStarted,
    RunCreated,
    Stopping,
    Warned,
)
from runner.paths import EnvironmentPaths, OwnPaths
from runner.process.signals import Interrupted
from runner.records import folder
from runner.units import amount, count
from runner.workspace.copies import place
from runner.workspace.snapshot import take

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.artifacts.manifest import Manifest
    from runner.engine.basis import Basis
    from runner.engine.parts import Parts, Session
    from runner.environments.conda.find import Conda
    from runner.environments.interface import Environment
    from runner.plan.plan import Job, Plan
    from runner.process.job import Exit
    from runner.records.store import OpenRun

# between two signs of life of a long copy
_TELL_SECONDS = 0.2

_REASONS = {
    errors.UNSATISFIABLE: "cannot_be_satisfied",
    errors.STORAGE: "storage",
    errors.BUSY: "busy",
    errors.ENVIRONMENT: "environment",
}


@dataclass(frozen=True, slots=True)
class Finished:
    """How a run ended: its document, and the code that ``wf run`` exits with."""

    document: dict[str, Any]
    exit_code: int


def execute(
    plan: Plan, root: Path, parts: Parts, session: Session, basis: Basis | None = None
) -> Finished:
    """Carry out the job that was asked for on a snapshot of the project at ``root``.

    The runs that its inputs come from must be there. ``basis`` is what the snapshot is made from,
    if it was looked at before.

    Raises:
        WfError: wf's own failure, after it has been recorded.
    """
    basis = basis or look(root, session.variables)
    source = basis.source or basis.git.source()
    made_of = plan.job.fingerprint
    run = parts.records.create(
        {
            "workflow": plan.job.workflow,
            "executor": parts.executor.name,
            "project": str(basis.project),
            "fingerprint": made_of and made_of.document(),
            "dependencies": inputs.described(plan.job, parts.records),
            "plan": plan.document(),
            "source": source.document(),
        },
        parts.choose,
    )
    job = plan.job.of_run(run.name)
    adviser = Adviser(job, basis.project, session.variables)
    try:
        session.observer.notify(RunCreated(run.name, plan.job.workflow))
        if source.diff:
            folder.write_bytes(run.paths.diff, source.diff)
        code = _Attempt(run, job, parts, session, adviser).carry_out(basis)
        return Finished(parts.records.document(run.paths), code)
    except Interrupted as interruption:
        session.signals.arm()  # another one must not keep this from being written down
        name = signal.Signals(interruption.signal).name
        run.advance(
            "cancelled",
            reason="interrupted",
            message=f"interrupted ({name}) while it was {run.state.status}, before the job started",
        )
        return Finished(parts.records.document(run.paths), cancelled_code(interruption.signal))
    except WfError as error:
        if error.kind == ENVIRONMENT:
            adviser.after_build(error)
        if not run.state.terminal:
            reason = _REASONS.get(error.kind, "internal_error")
            run.advance("failed", reason=reason, message=error.message, hint=error.hint)
        raise
    except Exception as error:
        if not run.state.terminal:
            with suppress(WfError):
                run.advance("failed", reason="internal_error", message=f"a bug in wf: {error!r}")
        raise
    finally:
        _clean_up(run, edited=plan.job.edits)


def _clean_up(run: OpenRun, *, edited: bool) -> None:
    """The workspace goes with the run; what could not be collected, or was edited, stays."""
    if run.paths.workspace.is_symlink():
        run.paths.workspace.unlink()
    elif run.state.reason != "storage" and not edited:
        with suppress(OSError):
            tree.remove(run.paths.workspace)
    with suppress(OSError):
        tree.remove(run.paths.own_environment)
    run.close()


class _Attempt:
    """One attempt at one job."""

    def __init__(
        self, run: OpenRun, job: Job, parts: Parts, session: Session, adviser: Adviser
    ) -> None:
        self._run = run
        self._adviser = adviser
        self._job = job
        self._parts = parts
        self._session = session
        self._notify = session.observer.notify
        self._started = 0.0

    def carry_out(self, basis: Basis) -> int:
        """All stages in their order; the code for the shell."""
        conda = self._conda()
        self._snapshot(basis)
        self._inputs()
        self._run.advance("provisioning")
        environments, log = self._parts.environments, self._run.paths.environment_log
        shared = environments.obtain(
            self._job.environment, self._session.observer, log, self._run.name
        )
        try:
            exited = self._execute_in(shared, basis.project.name, conda)
        finally:
            environments.release(shared)
        manifest = self._collect(exited)
        return self._finish(exited, manifest)

    def _execute_in(self, shared: Environment, repo: str, conda: Conda | None) -> Exit:
        """Run the job in an environment, or in one of its own on top of it."""
        self._write_environment(shared)
        environments, paths = self._parts.environments, self._run.paths
        log, observer = paths.environment_log, self._session.observer
        build = Build(EnvironmentPaths(paths.own_environment), log, self._run.lock, observer)
        environment = shared
        if self._job.installs:
            environment = environments.own(self._job.environment, shared, build)
        if conda is not None:
            self._put_conda_in_reach(conda)
        lease = self._lease()
        try:
            exited = self._execute(environment, lease, repo)
        finally:
            self._parts.leases.release(lease)
        final = shared
        if self._job.installs:
            final = environments.with_installed(shared, build)
            self._write_environment(final)
        self._keep_lock(shared, final)
        return exited

    def _conda(self) -> Conda | None:
        """The conda that the job calls, before anything is done for a job that cannot go."""
        if not self._job.uses_conda:
            return None
        from runner.environments.conda.find import absent, find

        found = find(self._session.variables)
        if found is None:
            raise absent(self._job.workflow)
        return found

    def _put_conda_in_reach(self, conda: Conda) -> None:
        from runner.environments.conda.start import prepare

        place = OwnPaths(self._run.paths.own_environment).conda
        prepare(place, conda, self._job.environment.python, self._session.variables)
        text = f"the job calls conda: {conda.program}, with environments of the run's own"
        self._notify(PhaseFinished("env", text, 0.0))

    def _write_environment(self, environment: Environment) -> None:
        locked = self._job.environment.locked
        document = {**environment.document(), "locked": locked and locked.run}
        folder.write(self._run.paths.environment, document, durable=False)

    def _keep_lock(self, shared: Environment, final: Environment) -> None:
        spec, paths = self._job.environment, self._run.paths
        reason = pylock.keep(self._parts.environments, spec, shared, final, paths)
        if reason is not None:
            self._notify(Warned(f"there is no pylock.toml of the run: {reason}"))
        strayed = pylock.strayed(spec, final, paths)
        if strayed is not None:
            self._notify(Warned(strayed))

    def _snapshot(self, basis: Basis) -> None:
        started = time.monotonic()
        if self._job.in_place:
            self._run.paths.workspace.symlink_to(basis.project)
            text = "the project itself, where what is edited stays"
            self._notify(PhaseFinished("code", text, 0.0))
            self._keep_code(basis)
            return
        self._notify(PhaseStarted("code", "copying the project"))
        tell = self._teller("code", "copied")
        script = self._job.script
        if basis.ignored(script):
            self._notify(Warned(f"`{script}` is ignored by git; it is copied all the same"))
        with_script = basis.with_scripts([script] if script else [])
        listed = None if with_script.listed is None else list(with_script.listed)
        workspace = self._run.paths.workspace
        taken = take(basis.root, listed, workspace, self._parts.own_folders, tell)
        place(basis.project, self._job.files, workspace, self._job.working_dir)
        self._keep_code(basis)
        text = f"{count(taken.files, 'file')}, {amount(taken.bytes)}"
        self._notify(PhaseFinished("code", text, time.monotonic() - started))

    def _keep_code(self, basis: Basis) -> None:
        """Write down what the code was, unless it became another one while it was copied."""
        if basis.code is None:
            return
        paths = self._run.paths
        if basis.code.same(paths.workspace):
            text = json.dumps(dict(basis.code.digests))
            folder.write_bytes(paths.code, text.encode())

    def _inputs(self) -> None:
        """What other runs left behind, where this job expects it."""
        if not self._job.inputs:
            return
        started = time.monotonic()
        self._notify(PhaseStarted("inputs", "copying"))
        working_dir = self._run.paths.workspace / self._job.working_dir
        tell = self._teller("inputs", "copied")
        placed = inputs.put(
            self._job, self._parts.records, working_dir, self._session.observer, tell
        )
        names = ", ".join(dict.fromkeys(str(given.run) for given in self._job.inputs))
        text = f"{count(placed, 'artifact')} of {names}"
        self._notify(PhaseFinished("inputs", text, time.monotonic() - started))

    def _teller(self, phase: str, verb: str) -> Callable[[int, int], None]:
        """Progress for the observer, a few times a second at most."""
        started = last = time.monotonic()

        def tell(files: int, size: int) -> None:
            nonlocal last
            now = time.monotonic()
            if now - last >= _TELL_SECONDS:
                last = now
                speed = amount(int(size / (now - started)))
                text = f"{verb} {count(files, 'file')}, {amount(size)}, {speed}/s"
                self._notify(PhaseProgress(phase, text))

        return tell

    def _lease(self) -> Lease:
        started = time.monotonic()
        resources = self._job.demand
        self._notify(PhaseStarted("devices", "taking devices"))
        lease = self._parts.leases.acquire(
            resources,
            lambda: self._parts.inventory(resources),
            self._run.name,
            self._session.observer,
            wait=self._session.wait,
        )
        folder.write(self._run.paths.granted, lease.document(), durable=False)
        text = _granted(lease)
        self._notify(PhaseFinished("devices", text, time.monotonic() - started))
        return lease

    def _execute(self, environment: Environment, lease: Lease, repo: str) -> Exit:
        surroundings = Surroundings(self._run, self._job, self._session, environment)
        try:
            exited = self._run_job(environment, lease, surroundings, repo)
            surroundings.keep_tracked()
            return exited
        finally:
            surroundings.close()

    def _run_job(
        self, environment: Environment, lease: Lease, surroundings: Surroundings, repo: str
    ) -> Exit:
        paths = self._run.paths
        prepare(paths.workspace / self._job.working_dir, self._job.kept)
        context = surroundings.context(lease, repo)
        executor = self._parts.executor
        command = executor.translate(self._job, environment, lease, context)
        log = os.open(paths.log, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        try:
            self._run.advance("running")
            self._started = time.monotonic()
            self._session.signals.arm()
            surroundings.leave_ports()
            execution = executor.start(command, log)
            self._notify(JobStarted(execution.pid, str(paths.log)))
            surroundings.watch()
            return execution.wait(
                self._session.signals,
                lambda: self._notify(JobWrote()),
                self._stopping,
            )
        except OSError as error:
            raise WfError(
                ENVIRONMENT,
                f"the job cannot be started: {error.strerror}: {error.filename}",
                hint="`wf plan` shows what would be started",
            ) from error
        finally:
            self._notify(JobEnded())
            os.close(log)

    def _stopping(self, number: int) -> None:
        """Tell that the job is asked to end, and whether it is because its time is over."""
        limit = self._job.limits.max_duration
        over = limit is not None and time.monotonic() - self._started >= limit
        self._notify(Stopping(signal.Signals(number).name, limit if over else None))

    def _collect(self, exited: Exit) -> Manifest:
        paths = self._run.paths
        wall = time.monotonic() - self._started
        self._run.advance("collecting", exit_code=shell_code(exited))
        if exited.left_behind:
            self._notify(Warned("processes of the job outlived it and were ended"))
        if exited.log_error:
            self._notify(Warned(f"the log is incomplete: {exited.log_error}"))
        folder.write(
            paths.usage,
            {
                "wall_seconds": round(wall, 3),
                "cpu_seconds": round(exited.cpu_seconds, 3),
                "peak_memory": exited.peak_memory,
            },
            durable=False,
        )
        started = time.monotonic()
        self._notify(PhaseStarted("artifacts", "collecting"))
        working_dir = paths.workspace / self._job.working_dir
        manifest = collect(
            working_dir, self._job.kept, paths.artifacts, self._teller("artifacts", "kept")
        )
        folder.write(paths.manifest, manifest.document())
        self._warn_of(manifest, working_dir)
        if self._job.edits and not self._job.in_place:
            self._notify(Warned(f"what was edited stays in {paths.workspace} until `wf rm`"))
        text = ", ".join(
            f"{artifact.path}/ {count(artifact.files, 'file')} {amount(artifact.bytes)}"
            for artifact in manifest.artifacts
            if artifact.entries
        )
        if text:
            self._notify(PhaseFinished("artifacts", text, time.monotonic() - started))
        return manifest

    def _warn_of(self, manifest: Manifest, working_dir: Path) -> None:
        """Name what was declared and is not there, and what is there instead."""
        for artifact in manifest.artifacts:
            if artifact.skipped:
                shown = ", ".join(artifact.skipped[:3])
                self._notify(Warned(f"not files, and so not kept: {shown}"))
            if not artifact.entries:
                there = _written(working_dir)
                instead = f"; there is: {', '.join(there)}" if there else ""
                self._notify(Warned(f"the artifact `{artifact.path}` is empty{instead}"))

    def _finish(self, exited: Exit, _manifest: Manifest) -> int:
        verdict = judge(exited)
        failed = verdict.status == "failed" and verdict.reason == "exit_code"
        advice = self._adviser.after_run(self._run.paths.log) if failed else None
        self._run.advance(
            verdict.status,  # type: ignore[arg-type]
            reason=verdict.reason,
            message=f"{verdict.message}: {advice.cause}" if advice else verdict.message,
            hint=advice and advice.hint,
            exit_code=verdict.exit_code,
        )
        return verdict.shell_code


def _granted(lease: Lease) -> str:
    """The devices in words: ``core 0 of 2``, ``GPU 1 (NVIDIA H200)``."""
    said = []
    if lease.exclusive:
        named = ", ".join(str(core) for core in lease.cores)
        said.append(f"core{'' if len(lease.cores) == 1 else 's'} {named} of {lease.of_cores}")
    else:
        said.append(f"all {count(lease.of_cores, 'core')}, shared")
    said += [f"GPU {gpu.index} ({gpu.name})" for gpu in lease.gpus]
    return " · ".join(said)


def _written(working_dir: Path) -> list[str]:
    """A few names of what lies in the working directory, for a message."""
    try:
        names = sorted(
            entry.name + ("/" if entry.is_dir() else "")
            for entry in os.scandir(working_dir)
            if not entry.name.startswith(".")
        )
    except OSError:
        return []
    return names[:8]
