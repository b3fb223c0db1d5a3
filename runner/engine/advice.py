"""What to type after a run or a build that failed on something that wf knows of."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.engine import simulated
from runner.errors import WfError
from runner.records import folder, manifests
from runner.spec.workflow import PROJECT_INSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from runner.engine.ending.verdict import Verdict
    from runner.engine.failing.failure import Cause, Failure
    from runner.engine.failing.known import Known, Setting
    from runner.paths import RunPaths
    from runner.plan.ageing.advice import Advice
    from runner.plan.ageing.days import Changed
    from runner.plan.plan import Job
    from runner.records.store import Records

# ends whose log says more than the verdict; of the others the verdict says it all
_READ = ("exit_code", "signal", "out_of_memory")
# runs that are looked at for who makes a file
_NEWEST = 50
_OPTION = r"--(?P<name>[A-Za-z][\w.-]*)(?:=(?P<value>.+))?"


class Adviser:
    """Looks at how a job of one project ended."""

    def __init__(self, job: Job, project: Path, variables: Mapping[str, str]) -> None:
        self._job = job
        self._project = project
        self._variables = variables

    def after_run(self, paths: RunPaths, records: Records, verdict: Verdict) -> Verdict:
        """Write down what went wrong, and the verdict with the cause and what to type.

        To be called while the run's copy of the project is still there.
        """
        if verdict.status != "failed" or verdict.reason not in _READ:
            return verdict
        failure = self._failure(paths, records, verdict)
        if failure is None:
            return verdict
        found = failure.cause
        if verdict.reason == "out_of_memory":
            from runner.engine.failing.failure import Cause

            known = Cause(verdict.reason, verdict.message, verdict.hint or "")
            failure = failure._replace(cause=known)
        elif found is not None:
            verdict = verdict._replace(message=_with(found, verdict), hint=found.hint)
        with suppress(WfError):  # a disk that is full may be the very cause
            folder.write(paths.failure, failure.document(), durable=False)
        return verdict

    def after_build(self, error: WfError) -> None:
        """Give the error of a failed build its cause, and what to type, if it smells of age."""
        found = self._aged(error.details or "")
        if found is not None:
            error.message = f"{error.message}: {found.cause}"
            error.hint = found.hint

    def _failure(self, paths: RunPaths, records: Records, verdict: Verdict) -> Failure | None:
        from runner.engine.failing.explain import LIMIT, explain

        with suppress(OSError), paths.log.open("rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - LIMIT, 0))
            tail = file.read(LIMIT)
            return explain(tail, self._known(paths, records, verdict)) if tail else None
        return None

    def _known(self, paths: RunPaths, records: Records, verdict: Verdict) -> Known:
        from runner.engine.failing.known import Known

        job = self._job
        environment = folder.read(paths.environment) or {}
        granted = folder.read(paths.granted) or {}
        return Known(
            workflow=job.workflow,
            code=verdict.exit_code or 0,
            folders=(str(paths.workspace), str(self._project), *_inside(job)),
            working_dir=job.working_dir,
            script=job.script,
            requirements=next(iter(job.environment.origins), None),
            packages=frozenset(_names(environment.get("lock", ()))),
            python=environment.get("python"),
            gpus=len(granted.get("gpus", ())),
            memory=granted.get("memory"),
            contained=job.container is not None,
            settings=tuple(_settings(job)),
            copied=lambda path: os.path.lexists(paths.workspace / path),
            in_project=lambda path: os.path.lexists(self._project / path),
            maker=lambda path: self._maker(path, records),
            advised=self._advised,
        )

    def _maker(self, path: str, records: Records) -> str | None:
        """The workflow of the project whose last runs have left a path behind."""
        for row in records.index().newest(_NEWEST):
            if row.project != str(self._project) or row.workflow == self._job.workflow:
                continue
            for artifact in manifests.known(records.home.run(row.name)):
                if not artifact.digest:
                    continue
                kept = artifact.path.rstrip("/")
                if path == kept or path.startswith(f"{kept}/"):
                    return row.workflow
        return None

    def _advised(self, text: str) -> Cause | None:
        from runner.engine.failing.failure import Cause

        if self._job.simulated and (found := simulated.advice(text)) is not None:
            return Cause("simulated_gpus", found.cause, found.hint)
        aged = self._aged(text)
        return None if aged is None else Cause("aged", aged.cause, aged.hint)

    def _aged(self, text: str) -> Advice | None:
        from runner.plan.ageing.advice import advice

        return advice(text, self._job.workflow, self._job.environment, self._changed)

    def _changed(self) -> Changed | None:
        from runner.engine.changed import last_change

        job = self._job
        return last_change(self._project, self._variables, job.environment, job.script)


def _inside(job: Job) -> tuple[str, ...]:
    """Where the workspace is besides, in a container."""
    if job.container is None:
        return ()
    own = job.container.working_dir
    return (PROJECT_INSIDE,) if own is None else (PROJECT_INSIDE, own.rstrip("/"))


def _with(cause: Cause, verdict: Verdict) -> str:
    """The sentence about an end, with its cause; of a kill it says most likely what it was."""
    if verdict.reason == "signal" and cause.kind == "out_of_memory":
        return verdict.message
    return f"{verdict.message}: {cause.said}"


def _names(lock: tuple[str, ...]) -> Iterator[str]:
    """The names of locked packages (``name==1.0``, ``name @ address``), normalised (PEP 503)."""
    for line in lock:
        found = re.match(r"[\w.-]+", line)
        if found is not None:
            yield re.sub(r"[-_.]+", "-", found[0]).lower()


def _settings(job: Job) -> Iterator[Setting]:
    """What of a job can be given another value on the command line."""
    from runner.engine.failing.known import Setting
    from runner.spec.workflow import ShellCommands

    for name, value in job.parameters:
        yield Setting(name, value)
    if isinstance(job.launch, ShellCommands):
        return
    words = job.launch.args
    for word, following in zip(words, (*words[1:], ""), strict=False):
        if option := re.fullmatch(_OPTION, word):
            yield Setting(option["name"], option["value"] or following, passed=True)
