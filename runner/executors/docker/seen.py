"""Who a job is in its container, where it works, and what it sees of this machine. Pure.

What a run has is seen at the very paths it has on this machine, so that what a job prints of them,
or is told of them, means the same on both sides; the workspace also at ``/workflow``, where 0.0.7
to 0.18 had it. They are mounted one by one: what else lies in a run's folder is wf's own.
"""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from runner.containers.values import Mount
from runner.environments.interface import IMAGE
from runner.executors.devices import SIMULATION
from runner.executors.docker.words import PRIVATE_FILE
from runner.executors.nodes import LAUNCHER
from runner.spec.workflow import HOME_INSIDE, PROJECT_INSIDE, inside

if TYPE_CHECKING:
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job
    from runner.spec.workflow import Container

_ROOT = ("0", "root")


class Person(NamedTuple):
    """Who a job is inside: ``user`` as the daemon takes it.

    ``home`` is its home folder, ``None`` for the one that the image has for this user; where
    ``private_home``, that is a folder of the run.
    """

    user: str
    home: str | None
    private_home: bool

    @property
    def is_root(self) -> bool:
        """Whether it is the user that may have capabilities."""
        return self.user.partition(":")[0] in _ROOT


def person(asked: Container, context: Context) -> Person:
    """The caller, unless the workflow says so: then what it writes is still the caller's."""
    home = asked.home_dir and inside(asked.home_dir)
    if asked.user is not None:
        return Person(asked.user, home, private_home=False)
    return Person(context.user, home or HOME_INSIDE, private_home=context.home is not None)


def working_dir(job: Job, context: Context) -> str:
    """Where the job starts; an absolute folder that the workflow names has the project in it."""
    return _project(job) or str(context.workspace / job.working_dir)


def _project(job: Job) -> str | None:
    return job.container.project if job.container else None


def mounts(
    job: Job, environment: Environment, lease: Lease, context: Context, who: Person
) -> tuple[Mount, ...]:
    """What of this machine it sees, besides the image; of two at one place the later one."""
    found = []
    if context.home is not None and who.private_home and who.home not in (None, "/"):
        found.append(Mount(str(context.home), who.home, writable=True))
    asked = job.container.volumes if job.container else ()
    found += [Mount(one.source, one.path, writable=True, optional=one.optional) for one in asked]
    found += [Mount(str(context.workspace), at, writable=True) for at in _places(job)]
    shared = (context.workspace, context.artifacts, context.notes, *context.shared)
    found += [Mount(str(path), str(path), writable=True) for path in shared]
    read = [context.mpi_hostfile] if context.mpi_hostfile is not None else []
    if environment.kind != IMAGE:
        root = str(environment.root)
        found.append(Mount(root, root, writable=environment.own))
    read += environment.besides
    if lease.simulated:
        read.append(SIMULATION)
    if job.nodes > 1:
        read.append(LAUNCHER)
    return (*found, *(Mount(str(path), str(path)) for path in read))


def private_mount(path: Path) -> Mount:
    """That of the variables which the daemon is not to know."""
    return Mount(str(path), PRIVATE_FILE)


def owned(environment: Environment, context: Context) -> tuple[Path, ...]:
    """The folders of a run that a job writes to."""
    home = () if context.home is None else (context.home,)
    packages = (environment.root,) if environment.own else ()
    return (context.workspace, context.artifacts, context.notes, *context.shared, *home, *packages)


def _places(job: Job) -> tuple[str, ...]:
    """Where the workspace is besides."""
    own = _project(job)
    if own is None or own == "/" or posixpath.join(own, "").startswith(f"{PROJECT_INSIDE}/"):
        return (PROJECT_INSIDE,)
    return (PROJECT_INSIDE, own)
