"""The vocabulary a plan is written in."""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from runner.plan import programs
from runner.spec.interpolation import with_run_name
from runner.spec.workflow import NO_LIMITS, NO_PORTS, PythonScript, ShellCommands, TorchrunScript

if TYPE_CHECKING:
    from runner.errors import Problem
    from runner.plan.environment import EnvironmentSpec, LockedRun
    from runner.plan.fingerprint import Fingerprint
    from runner.spec.workflow import (
        ArtifactRequest,
        Container,
        FileCopy,
        Launch,
        Limits,
        Ports,
        Resources,
        Retry,
        Service,
    )

Action = Literal["run", "reuse"]
Mode = Literal["run", "last", "tag"]


@dataclass(frozen=True, slots=True)
class Input:
    """Artifacts that a job finds in its workspace when it starts.

    ``mode`` and ``tag`` are the dependency's, and ``workflow`` too, where it names one. ``run`` is
    the run they come from; ``None`` while that is still to be made, by the plan's job for
    ``workflow``.
    """

    mode: Mode
    workflow: str | None
    tag: str | None = None
    run: str | None = None

    def document(self) -> dict[str, Any]:
        """The input as JSON."""
        return {
            "mode": self.mode,
            "workflow": self.workflow,
            "tag": self.tag,
            "run": self.run,
        }


LOCAL = "local"
"""The executor that runs jobs as processes of this machine."""
DOCKER = "docker"
"""The executor that runs jobs in containers."""
EXECUTORS = (LOCAL, DOCKER)
BASE_IMAGE = "python:{python}-slim"
"""What a workflow runs in that names no image."""


@dataclass(frozen=True, slots=True)
class Job:
    """One unit for an executor: what to do with it, why, and everything it needs.

    ``resources`` are those of each node. ``passed`` are variables whose values are the caller's,
    and stand nowhere but in the job's environment; so do those of ``secrets``. ``expanded`` are
    variables in whose values ``$NAME`` stands for another one.
    ``run`` is the run whose outcome is taken instead, where ``action`` is ``reuse``. ``notices``
    are what the files that it needs say without effect. ``simulated`` is how many GPUs each node
    was to have that processes on the CPU stand in for; they are no part of ``resources``.
    ``chosen`` is what the command line said of it.
    """

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
    retry: Retry | None = None
    interruptible: bool = False
    container: Container | None = None
    edits: bool = False
    passed: tuple[str, ...] = ()
    secrets: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    inputs: tuple[Input, ...] = ()
    fingerprint: Fingerprint | None = None
    run: str | None = None
    notices: tuple[Problem, ...] = ()
    simulated: int = 0
    chosen: Choices | None = field(default=None, compare=False)

    @property
    def executor(self) -> str:
        """Where it runs: in a container, or as processes of this machine."""
        return LOCAL if self.container is None else DOCKER

    @property
    def resumes(self) -> str | None:
        """The former run that it goes on from: whose artifacts it finds when it starts."""
        return self.chosen.resumes if self.chosen else None

    @property
    def demand(self) -> Resources:
        """What all nodes need together; they run side by side on one machine."""
        return self.resources.times(self.nodes)

    @property
    def processes(self) -> int:
        """How many processes wf starts on each node: under torchrun a rank for each GPU."""
        if not isinstance(self.launch, TorchrunScript):
            return 1
        gpu = self.resources.gpu
        return max(gpu.count if gpu else self.simulated, 1)

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
    def in_place(self) -> bool:
        """Whether it works in the project itself, where what is edited is to stay.

        What it depends on is never put into the project.
        """
        return self.edits and not self.inputs

    @property
    def kept(self) -> tuple[ArtifactRequest, ...]:
        """The artifacts to collect: nothing is taken out of the project itself."""
        return () if self.in_place else self.artifacts

    @property
    def kept_outside(self) -> bool:
        """Whether some of them lie in its container, and not in its workspace."""
        return self.container is not None and any(one.path.startswith("/") for one in self.kept)

    @property
    def installs(self) -> bool:
        """Whether its commands install packages, for which it needs an environment of its own."""
        return programs.install(self.commands)

    @property
    def uses_conda(self) -> bool:
        """Whether its commands call conda or one of its kin."""
        return programs.use_conda(self.commands)

    @property
    def commands(self) -> tuple[str, ...]:
        """The shell commands among what it does."""
        own = self.launch.commands if isinstance(self.launch, ShellCommands) else ()
        return (*self.before, *own)

    @property
    def needs(self) -> tuple[str, ...]:
        """Files of the project that a run must have even where git ignores them."""
        script = () if self.script is None else (self.script,)
        local = (one.path for one in self.environment.local if not one.is_folder)
        links = (
            posixpath.normpath(posixpath.join(folder.path, name))
            for folder in self.environment.links
            for name in folder.files
        )
        return (*script, *local, *links)

    @property
    def sources(self) -> tuple[str, ...]:
        """What is installed from the project: it is code, whatever else counts as such."""
        return tuple(one.path for one in self.environment.local)

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
                artifact._replace(path=with_run_name(artifact.path, run))
                for artifact in self.artifacts
            ),
        )

    def document(self) -> dict[str, Any]:
        """The job as JSON, with the stable keys of ``docs/reference``."""
        return {
            "workflow": self.workflow,
            "provider": self.provider,
            "executor": self.executor,
            "image": self.container and self.container.image,
            "action": self.action,
            "reason": self.reason,
            "run": self.run,
            "inputs": [found.document() for found in self.inputs],
            "fingerprint": self.fingerprint and self.fingerprint.document(),
            "command": self.command,
            "working_dir": self.working_dir,
            "variables": {**dict(self.parameters), **dict(self.variables)},
            "secrets": list(self.secrets),
            "environment": {
                "python": self.environment.python,
                "requirements": [file.path for file in self.environment.requirements],
                "packages": list(self.environment.packages),
                "local": [one.shown for one in self.environment.local],
                "project": self.environment.project and self.environment.project.path,
                "python_reason": self.environment.python_reason,
                "as_of": self.environment.as_of,
                "as_of_reason": self.environment.as_of_reason,
                "locked": self.environment.locked and self.environment.locked.run,
            },
            "resources": {
                **self.resources.document(),
                "memory_limit": self.resources.memory_limit,
                "simulated_gpus": self.simulated,
            },
            "artifacts": [artifact.path for artifact in self.artifacts],
            "live_artifacts": [artifact.path for artifact in self.artifacts if artifact.mount],
            "nodes": self.nodes,
            "ports": [*self.ports.fixed, *[None] * self.ports.free],
            "files": [f"{file.local}:{file.target}" for file in self.files],
            "max_duration": self.limits.max_duration,
            "retry": self.retry
            and {"on_events": list(self.retry.on_events), "duration": self.retry.duration},
            "interruptible": self.interruptible,
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
    """Jobs in the order in which they can be done.

    The last one is what was asked for, or each of them is with ``everything``.
    """

    jobs: tuple[Job, ...]
    everything: bool = False

    @property
    def job(self) -> Job:
        """The job that was asked for."""
        return self.jobs[-1]

    @property
    def to_run(self) -> tuple[Job, ...]:
        """The jobs that are not reused."""
        return tuple(job for job in self.jobs if job.action == "run")

    def needs(self, job: Job) -> frozenset[str]:
        """The workflows of this plan whose runs must be made before that of ``job``."""
        return frozenset(
            found.workflow for found in job.inputs if found.run is None and found.workflow
        )

    def document(self) -> dict[str, Any]:
        """The plan as JSON."""
        return {
            "workflow": None if self.everything else self.job.workflow,
            "jobs": [job.document() for job in self.jobs],
        }


@dataclass(frozen=True, slots=True)
class Choices:
    """What the command line says instead of the file. ``None``: the file decides.

    ``max_duration`` is in seconds, 0 for no limit. ``passed`` are variables to be taken from the
    caller's, ``caller`` the names of all that the caller has; ``None``: nobody calls (the file is
    only looked at). ``as_of`` is a day (ISO 8601), ``commit``, ``today`` or ``none``;
    ``locked`` is a former run whose environment is wanted again. With ``simulate_gpus`` processes
    on the CPU stand in for the GPUs that are asked for. ``file`` is the workflow file that was
    named, from the project folder. ``resumes`` is the former run that is gone on from, ``repeats``
    the one whose source it is. ``containers``: this machine has a daemon for them, and
    ``base_image`` is what a workflow runs in that names no image, for its ``{python}``.
    """

    cpus: int | None = None
    gpus: int | None = None
    memory: int | None = None
    python: str | None = None
    parameters: tuple[tuple[str, str], ...] = ()
    variables: tuple[tuple[str, str], ...] = ()
    args: tuple[str, ...] = ()
    executor: str | None = None
    max_duration: int | None = None
    passed: tuple[str, ...] = ()
    caller: frozenset[str] | None = None
    as_of: str | None = None
    locked: LockedRun | None = None
    simulate_gpus: bool = False
    file: str | None = None
    resumes: str | None = None
    repeats: str | None = None
    containers: bool = False
    base_image: str = BASE_IMAGE

    def limits(self, asked: Limits) -> Limits:
        """The file's limits with what was chosen in their place."""
        if self.max_duration is None:
            return asked
        return asked._replace(max_duration=self.max_duration or None)

    def resources(self, asked: Resources) -> Resources:
        """The file's resources with what was chosen in their place, GPUs to be simulated too."""
        from runner.spec.workflow import GpuRequest

        gpu = asked.gpu
        if self.gpus is not None:
            kept = gpu or GpuRequest(0)
            gpu = replace(kept, count=self.gpus) if self.gpus else None
        return replace(
            asked,
            cpu=asked.cpu if self.cpus is None else self.cpus,
            memory=asked.memory if self.memory is None else self.memory,
            most_memory=asked.most_memory if self.memory is None else None,
            gpu=gpu,
        )
