"""The vocabulary a plan is written in."""

from __future__ import annotations

import posixpath
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from runner.spec.interpolation import with_run_name
from runner.spec.workflow import NO_LIMITS, NO_PORTS, PythonScript, ShellCommands, TorchrunScript

if TYPE_CHECKING:
    from runner.spec.workflow import (
        ArtifactRequest,
        Container,
        FileCopy,
        Launch,
        Limits,
        Ports,
        Resources,
        Service,
    )

Action = Literal["run"]

# `pip …`, `/path/pip3 …`, `python -m pip …`: not a file or a folder that is called pip
_PIP = re.compile(r"(?:^|[\s;&|(/`])(?:pip(?:3(?:\.\d+)?)?|-m\s+pip)\s")

LOCAL = "local"
"""The executor that runs jobs as processes of this machine."""


@dataclass(frozen=True, slots=True)
class RequirementFile:
    """A requirements file as it stood when the plan was made; ``path`` is below the project."""

    path: str
    text: str


@dataclass(frozen=True, slots=True)
class EnvironmentSpec:
    """The environment a job needs.

    ``python`` is a version such as ``3.11``. ``requirements`` holds the file named by the workflow
    first, then every file it includes; ``packages`` what the provider needs besides. Both are
    empty for the bare interpreter.
    """

    python: str
    requirements: tuple[RequirementFile, ...] = ()
    packages: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """One unit for an executor: what to do with it, why, and everything it needs."""

    workflow: str
    provider: str
    action: Action
    reason: str
    launch: Launch
    environment: EnvironmentSpec
    variables: tuple[tuple[str, str], ...]
    artifacts: tuple[ArtifactRequest, ...]
    resources: Resources
    working_dir: str
    parameters: tuple[tuple[str, str], ...] = ()
    before: tuple[str, ...] = ()
    nodes: int = 1
    ports: Ports = NO_PORTS
    service: Service | None = None
    files: tuple[FileCopy, ...] = ()
    limits: Limits = NO_LIMITS
    container: Container | None = None

    @property
    def script(self) -> str | None:
        """The script that is started, below the project folder."""
        if isinstance(self.launch, ShellCommands):
            return None
        return posixpath.normpath(posixpath.join(self.working_dir, self.launch.script))

    @property
    def command(self) -> str:
        """The command in one line, for people."""
        commands = [_headline(command) for command in self.before]
        match self.launch:
            case PythonScript(script, args):
                commands.append(_words("python", script, *args))
            case TorchrunScript(script, args):
                commands.append(_words("torchrun", script, *args))
            case ShellCommands(own, args=args):
                given = _words(*args) if args else '"$@"'
                commands += [_headline(command).replace('"$@"', given) for command in own]
        return " && ".join(commands)

    @property
    def installs(self) -> bool:
        """Whether its commands install packages, for which it needs an environment of its own."""
        own = self.launch.commands if isinstance(self.launch, ShellCommands) else ()
        return any(_PIP.search(command) for command in (*self.before, *own))

    def of_run(self, run: str) -> Job:
        """The job with the name of its run wherever the workflow asks for it."""

        def named(pairs: tuple[tuple[str, str], ...]) -> tuple[tuple[str, str], ...]:
            return tuple((key, with_run_name(value, run)) for key, value in pairs)

        launch = self.launch
        return replace(
            self,
            launch=replace(launch, args=tuple(with_run_name(word, run) for word in launch.args)),
            variables=named(self.variables),
            artifacts=tuple(
                replace(artifact, path=with_run_name(artifact.path, run))
                for artifact in self.artifacts
            ),
        )

    def document(self) -> dict[str, Any]:
        """The job as JSON, with the stable keys of ``docs/reference``."""
        gpu = self.resources.gpu
        return {
            "workflow": self.workflow,
            "provider": self.provider,
            "action": self.action,
            "reason": self.reason,
            "command": self.command,
            "working_dir": self.working_dir,
            "variables": {**dict(self.parameters), **dict(self.variables)},
            "environment": {
                "python": self.environment.python,
                "requirements": [file.path for file in self.environment.requirements],
                "packages": list(self.environment.packages),
            },
            "resources": {
                "cpu": self.resources.cpu,
                "memory": self.resources.memory,
                "gpu": gpu and {"count": gpu.count, "name": gpu.named, "memory": gpu.memory},
            },
            "artifacts": [artifact.path for artifact in self.artifacts],
        }


def _words(*words: str) -> str:
    import shlex

    return shlex.join(words)


def _headline(command: str) -> str:
    """The first line of a command, and a sign that there are more."""
    first, *more = command.strip().splitlines() or [""]
    return f"{first} …" if more else first


@dataclass(frozen=True, slots=True)
class Plan:
    """Jobs in the order in which they are done. The last one is what was asked for."""

    jobs: tuple[Job, ...]

    @property
    def job(self) -> Job:
        """The job that was asked for."""
        return self.jobs[-1]

    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {"workflow": self.job.workflow, "jobs": [job.document() for job in self.jobs]}


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says instead of the file. ``None``: the file decides."""

    cpus: int | None = None
    gpus: int | None = None
    memory: int | None = None
    python: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    args: tuple[str, ...] = ()
    executor: str | None = None

    def resources(self, asked: Resources) -> Resources:
        """The file's resources with what was chosen in their place."""
        from runner.spec.workflow import GpuRequest

        gpu = asked.gpu
        if self.gpus is not None:
            kept = gpu or GpuRequest(0)
            gpu = replace(kept, count=self.gpus) if self.gpus else None
        return replace(
            asked,
            cpu=asked.cpu if self.cpus is None else self.cpus,
            memory=asked.memory if self.memory is None else self.memory,
            gpu=gpu,
        )
