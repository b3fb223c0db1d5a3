"""Jobs in containers of this machine's daemon."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.executors.docker.command import JobContainer, job_container
from runner.plan.plan import DOCKER

if TYPE_CHECKING:
    from runner.allocation.interface import Lease
    from runner.containers.daemon import Daemon
    from runner.environments.interface import Environment
    from runner.executors.docker.execution import ContainerExecution
    from runner.executors.interface import Context, Relief
    from runner.plan.plan import Job
    from runner.process.sink import Sink


class DockerExecutor:
    """Starts jobs in containers."""

    name = DOCKER

    def __init__(self, daemon: Daemon) -> None:
        self._daemon = daemon

    def unavailable(self) -> str | None:
        """Whether there is a daemon shows when it is asked for an image."""
        return None

    def translate(
        self, job: Job, environment: Environment, lease: Lease, context: Context
    ) -> JobContainer:
        """The container of the job."""
        return job_container(job, environment, lease, context)

    def start(
        self, command: JobContainer, log: Sink, relief: Relief | None = None, /
    ) -> ContainerExecution:
        """Make the container, and start it."""
        from runner.executors.docker.making import begun

        def follower() -> ContainerExecution:
            from runner.executors.docker.execution import ContainerExecution

            if relief is not None:
                relief.get_ready()
            return ContainerExecution(self._daemon, command, log, relief)

        return begun(self._daemon, command, follower)
