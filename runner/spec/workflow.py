"""The neutral Workflow: what a recipe means, whatever spelling or era it was written in.

The stages to the right know these values and nothing of YAML. ``routes`` leads back to where each
part was written, so that a later stage can point at it.
"""

from __future__ import annotations

import posixpath
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, get_args

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.errors import Problem, Route


@dataclass(frozen=True, slots=True)
class PythonScript:
    """``python SCRIPT ARGS``; ``script`` is a path below the working directory."""

    script: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class TorchrunScript:
    """``torchrun SCRIPT ARGS`` with one process a GPU, on every node of the workflow."""

    script: str
    args: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ShellCommands:
    """Commands of one shell, in order; the first that fails ends the job.

    ``takes_args``: a command uses the words given to the run (``"$@"``), which are ``args``.
    ``shell`` is ``bash``, ``sh`` or the absolute path of another.
    """

    commands: tuple[str, ...]
    takes_args: bool = False
    args: tuple[str, ...] = ()
    shell: str = "bash"


Launch = PythonScript | TorchrunScript | ShellCommands

PROGRAM = ('exec "$@"',)
"""The commands of a job that is a program and its words, which no shell is to read."""


# instead of a day: that of the last commit of what is installed
COMMIT = "commit"


class EnvironmentRequest(NamedTuple):
    """The environment asked for.

    ``python`` is a version such as ``3.10`` or ``None`` for wf's own; ``requirements`` is a path
    below the working directory; ``packages`` are requirements that the provider itself has
    (``jupyterlab``, say). ``as_of`` is the day (ISO 8601) as of which packages are resolved, or
    ``commit`` for that of the commit that last touched the requirements file.
    """

    python: str | None = None
    requirements: str | None = None
    packages: tuple[str, ...] = ()
    as_of: str | None = None


HOME_INSIDE = "/home/wf"
"""The home folder of a container's user, where nothing else is said."""
PROJECT_INSIDE = "/workflow"
"""Where a container sees the workspace, besides the path that it has on this machine; 0.0.7 to
0.18 had it there."""


def inside(path: str) -> str:
    """A path in a container, from its root, in one spelling."""
    return posixpath.normpath(f"/{path.lstrip('/')}")


class Volume(NamedTuple):
    """A folder or file of this machine, ``source``, that a container has at ``path``.

    One that is ``optional`` is left out where it is not there.
    """

    source: str
    path: str
    optional: bool = False


class Container(NamedTuple):
    """The container a workflow asks for. ``working_dir`` and ``home_dir`` are paths inside it.

    ``home_dir`` may be relative to its root.
    """

    image: str
    entrypoint: tuple[str, ...] = ()
    user: str | None = None
    privileged: bool = False
    registry_auth: tuple[str, str] | None = None
    working_dir: str | None = None
    home_dir: str | None = None
    volumes: tuple[Volume, ...] = ()

    @property
    def home(self) -> str:
        """Where the home folder of its user is, as far as a file tells."""
        if self.home_dir is not None:
            return inside(self.home_dir)
        if self.user is None:
            return HOME_INSIDE
        name = self.user.partition(":")[0]
        return "/root" if name in {"0", "root"} else f"/home/{name}"

    @property
    def project(self) -> str | None:
        """Where it wants the project besides, as far as a file tells."""
        written = self.working_dir
        if not written:
            return None
        if not written.startswith("~"):
            return inside(written)
        return inside(f"{self.home}/{written.removeprefix('~')}")


ANY_CONTAINER = Container("")


class ArtifactRequest(NamedTuple):
    """What to keep: a file, a folder, or a pattern that may match several (``patterns.py``).

    ``path`` is below the working directory, below the user's home (``~/``), or absolute. With
    ``mount`` it can be seen among the run's artifacts while the job runs.
    """

    path: str
    mount: bool = False


@dataclass(frozen=True, slots=True)
class GpuRequest:
    """GPUs asked for: how many, and what each must be.

    Each has at least ``memory`` and at most ``most_memory``, in bytes. ``alternatives`` are further
    names, of which any will do as well (``A100,H100``). ``among`` are the UUIDs of those that may
    serve, where not all of the machine may: no file says so, but a limit of who asks.
    """

    count: int
    name: str | None = None
    memory: int | None = None
    alternatives: tuple[str, ...] = ()
    most_memory: int | None = None
    among: tuple[str, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All names, of which any will do; none: whatever it is called."""
        return () if self.name is None else (self.name, *self.alternatives)

    @property
    def named(self) -> str | None:
        """The names as today's format writes them, in one text."""
        return ",".join(self.names) or None


@dataclass(frozen=True, slots=True)
class Resources:
    """What a job needs of a machine, per node. ``None``: not asked for. Sizes are in bytes.

    ``most_memory`` is there where a job may have more than ``memory``: so much, and 0 for as much
    as there is.
    """

    cpu: int | None = None
    memory: int | None = None
    gpu: GpuRequest | None = None
    shm_size: int | None = None
    most_memory: int | None = None

    @property
    def memory_limit(self) -> int | None:
        """How much memory the job is held to."""
        return self.memory if self.most_memory is None else self.most_memory or None

    @property
    def leased(self) -> bool:
        """Whether any of it is taken from others meanwhile."""
        return self.cpu is not None or self.gpu is not None or bool(self.memory)

    def times(self, nodes: int) -> Resources:
        """What so many need that run side by side on one machine."""
        if nodes == 1:
            return self
        gpu = self.gpu
        return Resources(
            cpu=None if self.cpu is None else self.cpu * nodes,
            memory=None if self.memory is None else self.memory * nodes,
            gpu=None if gpu is None else replace(gpu, count=gpu.count * nodes),
            shm_size=None if self.shm_size is None else self.shm_size * nodes,
            most_memory=None if self.most_memory is None else self.most_memory * nodes,
        )

    def document(self) -> dict[str, Any]:
        """What is asked for as JSON."""
        gpu = self.gpu
        return {
            "cpu": self.cpu,
            "memory": self.memory,
            "gpu": gpu
            and {
                "count": gpu.count,
                "name": gpu.named,
                "memory": gpu.memory,
                "most_memory": gpu.most_memory,
            },
            "shm_size": self.shm_size,
        }


class Dependency(NamedTuple):
    """What another workflow left behind, and is needed at the same paths before this one starts.

    ``mode`` says where it comes from: ``run`` (hosted ``depends-on``) runs the workflow first, or
    reuses a run that was the same; ``last`` (``deps`` of 0.0.7 to 0.9.2) takes its last succeeded
    run and never runs it; ``tag`` takes the run that carries ``tag``.
    ``route`` is where it was written.
    """

    mode: Literal["run", "last", "tag"]
    workflow: str | None
    tag: str | None = None
    route: Route = ()


@dataclass(frozen=True, slots=True)
class Ports:
    """Ports a job listens on: ``fixed`` ones, and ``free`` ones that are picked when it starts.

    Their numbers are the job's ``PORT_0``, ``PORT_1`` … in this order, fixed ones first.
    """

    fixed: tuple[int, ...] = ()
    free: int = 0

    @property
    def count(self) -> int:
        """How many there are."""
        return len(self.fixed) + self.free


NO_PORTS = Ports()


class Service(NamedTuple):
    """What a job serves to a browser: its name, and its address below ``http://127.0.0.1:PORT``.

    ``port`` says which of the job's ports it is, counted from 0. ``path`` may hold ``{token}``, a
    secret made for each run, which the job gets in the variable ``token_variable``.
    """

    name: str
    path: str = "/"
    token_variable: str | None = None
    port: int = 0


class FileCopy(NamedTuple):
    """A file or folder to be put elsewhere.

    ``local`` is below the project folder, ``target`` below the working directory.
    """

    local: str
    target: str


class Limits(NamedTuple):
    """How long a job may run, and how long it has to end itself when asked; in seconds."""

    max_duration: int | None = None
    stop_duration: int | None = None


NO_LIMITS = Limits()

RetryEvent = Literal["no-capacity", "interruption", "error"]
RETRY_EVENTS: tuple[RetryEvent, ...] = get_args(RetryEvent)
RETRY_SECONDS = 3600


class Retry(NamedTuple):
    """When a job that has ended is started again.

    ``on_events`` as in 0.18 and later: ``interruption`` (something took it away), ``error`` (it
    failed), ``no-capacity`` (there is no place for it). ``duration`` is for how many seconds it may
    go on failing; ``None``: for ever.
    """

    on_events: tuple[RetryEvent, ...] = RETRY_EVENTS
    duration: int | None = RETRY_SECONDS


class SecretReference(NamedTuple):
    """A secret that a workflow names; ``mark`` is how, and ``route`` where."""

    name: str
    route: Route
    mark: str


@dataclass(frozen=True, slots=True)
class Workflow:
    """A named recipe.

    ``file`` is the name, as shown to people, of the file it was read from. ``parameters`` are the
    workflow's variables (``.dstack/variables.yaml``), ``variables`` what it sets in the job's
    environment, in the order written; ``required`` are variables that the caller must have set
    (a bare ``env: - NAME`` of today's format); ``expanded`` are those of ``variables`` in whose
    values a shell put others (``PATH=/opt/bin:$PATH``). ``before`` are commands of the job's own
    shell that come before its ``launch`` (``setup``, ``before_run``). ``code`` names the files and
    folders that "the same code" means, all of the project when it is empty. ``working_dir`` is
    below the project folder, ``.`` for the folder itself. ``secrets`` are those that it names; in
    values they stand as ``${{ secrets.NAME }}`` until the job starts. An ``interruptible`` job is
    given notice ahead of its end. ``notices`` are parts of the
    file that were read but have no effect here, or another one than they had; those ``outside``
    have one in a container only. ``box`` is what else a container is like that the workflow does
    not ask for, and may be run in: all but its image.
    """

    name: str
    launch: Launch
    provider: str
    help: str | None
    environment: EnvironmentRequest
    variables: tuple[tuple[str, str], ...]
    artifacts: tuple[ArtifactRequest, ...]
    resources: Resources
    working_dir: str
    routes: Mapping[str, Route]
    parameters: tuple[tuple[str, str], ...] = ()
    file: str = ""
    before: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    expanded: tuple[str, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    code: tuple[str, ...] = ()
    container: Container | None = None
    nodes: int = 1
    ports: Ports = NO_PORTS
    service: Service | None = None
    files: tuple[FileCopy, ...] = ()
    limits: Limits = NO_LIMITS
    retry: Retry | None = None
    interruptible: bool = False
    edits: bool = False
    secrets: tuple[SecretReference, ...] = ()
    notices: tuple[Problem, ...] = ()
    outside: tuple[Problem, ...] = ()
    box: Container = ANY_CONTAINER

    def route(self, part: str) -> Route:
        """Where ``part`` was written: ``script``, ``requirements``, ``resources``, ``name`` …."""
        return self.routes.get(part, self.routes["name"][:-1])
