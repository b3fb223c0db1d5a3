"""Executors to test: each with how a job is got out of it that ends as the test wants."""

from __future__ import annotations

import errno
import os
import signal
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from runner.containers.values import Mount
from runner.engine.containing import own_environment
from runner.executors.docker.executor import DockerExecutor
from runner.executors.local import LocalExecutor
from runner.plan.environment import EnvironmentSpec
from runner.plan.plan import Job
from runner.spec.workflow import Container, Resources, ShellCommands
from tests.fakes.executor import FakeExecutor, Script, environment
from tests.servers.images import BASE

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.containers.daemon import Daemon
    from runner.containers.values import Image
    from runner.executors.docker.command import JobContainer
    from runner.executors.interface import Context, Executor
    from runner.process.values import Exit, JobCommand


def a_job(*commands: str, variables: tuple[tuple[str, str], ...] = ()) -> Job:
    """A bash job."""
    return Job(
        workflow="train",
        provider="bash",
        action="run",
        reason="asked for",
        launch=ShellCommands(commands or ("true",)),
        environment=EnvironmentSpec("3.11"),
        variables=variables,
        artifacts=(),
        resources=Resources(),
        working_dir=".",
    )


def ending(exited: Exit, output: bytes) -> Job:
    """A real job that writes ``output`` and ends as ``exited``."""
    said = "".join(f"\\x{byte:02x}" for byte in output)
    end = f"kill -{exited.signal} $$" if exited.signal else f"exit {exited.code}"
    return a_job(f"printf '{said}'", end)


class Bench(Protocol):
    """An executor, what it is given, and what stands in the commands that it makes.

    ``real``: its jobs do what their commands say. ``refusal`` is said of one that is ``broken``.
    """

    executor: Executor[Any]
    real: bool
    refusal: str

    def ending(self, exited: Exit, output: bytes = b"") -> Job:
        """A job that writes ``output`` and ends as ``exited``."""
        ...

    def tells(self, exited: Exit) -> tuple[int | None, int | None]:
        """Code and signal that are told of a job which ended so, and was asked for nothing."""
        ...

    def translate(self, job: Job, folder: Path, lease: Lease, context: Context) -> Any:
        """The command for the job, with an environment in ``folder``."""
        ...

    def broken(self, command: Any) -> Any:
        """The command, changed so that it cannot be started."""
        ...

    def rest(self) -> None:
        """What the executor keeps open between jobs is closed."""
        ...

    def variables(self, command: Any) -> Mapping[str, str]:
        """Those that are set for the job."""
        ...

    def cores(self, command: Any) -> set[int]:
        """Those that the job may run on."""
        ...

    def folder(self, command: Any) -> str:
        """The one that it starts in."""
        ...


class OfProcesses:
    """What is the same wherever a job is a process of this machine."""

    executor: Executor[JobCommand]
    refusal = "No such file"

    def tells(self, exited: Exit) -> tuple[int | None, int | None]:
        return exited.code, exited.signal

    def translate(self, job: Job, folder: Path, lease: Lease, context: Context) -> JobCommand:
        return self.executor.translate(job, environment(folder), lease, context)

    def rest(self) -> None:
        pass

    def variables(self, command: JobCommand) -> Mapping[str, str]:
        return command.env

    def cores(self, command: JobCommand) -> set[int]:
        return set(command.cpus or ())

    def folder(self, command: JobCommand) -> str:
        return str(command.cwd)


class LocalBench(OfProcesses):
    """Real processes."""

    real = True

    def __init__(self) -> None:
        self.executor: Executor[JobCommand] = LocalExecutor()

    def ending(self, exited: Exit, output: bytes = b"") -> Job:
        return ending(exited, output)

    def broken(self, command: JobCommand) -> JobCommand:
        return replace(command, argv=("/no/such/program",))


class FakeBench(OfProcesses):
    """Scripted ends."""

    real = False

    def __init__(self) -> None:
        self.executor: Executor[JobCommand] = FakeExecutor()

    def ending(self, exited: Exit, output: bytes = b"") -> Job:
        self.executor = FakeExecutor(Script(exited, output))
        return a_job()

    def broken(self, command: JobCommand) -> JobCommand:
        missing = FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), command.argv[0])
        self.executor = FakeExecutor(Script(error=missing))
        return command


class DockerBench:
    """Real containers."""

    real = True
    refusal = "not a directory"

    def __init__(self, daemon: Daemon, image: Image) -> None:
        self._daemon = daemon
        self._image = image
        self.executor: Executor[JobContainer] = DockerExecutor(daemon)

    def ending(self, exited: Exit, output: bytes = b"") -> Job:
        return ending(exited, output)

    def tells(self, exited: Exit) -> tuple[int | None, int | None]:
        """The daemon tells the code that a shell tells; no program exits by itself as SIGKILL."""
        code = exited.code if exited.signal is None else 128 + exited.signal
        killed = 128 + signal.SIGKILL
        return (None, signal.SIGKILL) if code == killed else (code, None)

    def translate(self, job: Job, folder: Path, lease: Lease, context: Context) -> JobContainer:
        made = replace(job, container=Container(BASE))
        who = self._daemon.caller()
        inside = replace(context, image=self._image, user=who, login="me", home=folder / "home")
        return self.executor.translate(made, own_environment(self._image), lease, inside)

    def broken(self, command: JobContainer) -> JobContainer:
        # a program that is not there is missed inside only, by the first process
        over = Mount("/etc/hostname", "/etc")
        return replace(command, spec=replace(command.spec, mounts=(*command.spec.mounts, over)))

    def rest(self) -> None:
        """What has ended is removed while others go on."""
        self._daemon.settle()

    def variables(self, command: JobContainer) -> Mapping[str, str]:
        return command.spec.variables

    def cores(self, command: JobContainer) -> set[int]:
        return set(command.spec.cores or ())

    def folder(self, command: JobContainer) -> str:
        return command.spec.working_dir
