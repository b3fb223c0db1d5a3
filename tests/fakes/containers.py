"""Jobs in containers, as values."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from runner.allocation.interface import Lease
from runner.containers.values import Image
from runner.environments.interface import IMAGE, Environment
from runner.executors.docker.command import JobContainer, job_container
from runner.executors.interface import Context
from runner.spec.workflow import Container, ShellCommands
from tests.fakes import inventory, jobs

if TYPE_CHECKING:
    from runner.plan.plan import Job

HERE = Path("/runs/wet-mango-1")
FOUND = Image(
    "me/a:1",
    "sha256:abc",
    (("PATH", "/opt/bin:/bin"), ("LANG", "C.UTF-8")),
    command=("nginx", "-g"),
)
CONTEXT = Context(
    run="wet-mango-1",
    workspace=HERE / "workspace",
    notes=HERE / "notes",
    artifacts=HERE / "artifacts",
    variables={"PATH": "/home/me/bin", "LD_PRELOAD": "/evil.so", "HOME": "/home/me"},
    image=FOUND,
    user="1000:1000",
    login="me",
    home=HERE / "home",
    private=HERE / "variables",
)
SHARED = Lease(cores=(0, 1, 2, 3), exclusive=False, gpus=(), memory=None, of_cores=4)
OWN = Environment(
    IMAGE, "abc", python="", lock=(), root=Path("/"), bin=Path(), executable=Path("python3")
)


def commands(*lines: str, **facts: Any) -> Job:
    """A job of one shell, in a container that has ``facts`` besides its image."""
    return in_container(ShellCommands(lines), **facts)


def in_container(launch: Any, *, job: dict[str, Any] | None = None, **facts: Any) -> Job:
    """A job that is launched so; ``job`` are facts of it, ``facts`` those of its container."""
    asked = Container(FOUND.reference)._replace(**facts)
    return jobs.a_job(launch=launch, container=asked, **{"working_dir": ".", **(job or {})})


def translated(
    job: Job, lease: Lease = SHARED, environment: Environment = OWN, **context: Any
) -> JobContainer:
    """The container of a job."""
    return job_container(job, environment, lease, replace(CONTEXT, **context))


def with_gpus(*indexes: int) -> Lease:
    """Two cores and these GPUs."""
    gpus = tuple(inventory.gpu(index) for index in indexes)
    return Lease(cores=(2, 5), exclusive=True, gpus=gpus, memory=None, of_cores=8)
