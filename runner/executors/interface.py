"""The values and the protocol of execution.

Order of calls: ``unavailable``; ``translate`` (pure: its result is what a dry run can print);
``start``, once; then ``wait``, once. ``start`` leaves nothing running when it raises. A script
that exits with 1 is an outcome, never an exception.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.allocation.interface import Lease
    from runner.containers.values import Image
    from runner.environments.interface import Environment
    from runner.plan.plan import Job
    from runner.process.holding import Held
    from runner.process.signals import Arrivals
    from runner.process.sink import Sink
    from runner.process.usage import Reading
    from runner.process.values import Exit
    from runner.terminal import WindowSize


Command = TypeVar("Command")
"""How an executor starts a job's first process: a value of its own."""


@dataclass(frozen=True, slots=True)
class Context:
    """What a job is told besides its plan: the run it belongs to and where it works.

    ``variables`` are the caller's own. ``terminal`` is the size of the terminal that watches, if
    one does, and ``window`` the file that says when it is another. ``inherit`` are descriptors
    besides the lease's that live as long as the job.
    ``repo`` is what the project is called. ``ports`` are the job's, and ``rendezvous`` is one more
    where its nodes meet. ``token`` is the secret of its service, ``secrets`` are the values of the
    job's secrets. ``defaults`` are variables that
    the workflow may set otherwise. ``attempt`` counts how often the run has started its job, from
    1. ``conda`` is the folder of the run's own conda environments, if
    its commands call conda. ``resumed_from`` is the run that it goes on from, ``checkpoint`` where
    that one's last checkpoint is. ``image`` is that of the job's container, if it has one, and
    ``user`` who it is inside, unless the workflow says so (``UID:GID``), called ``login``; ``home``
    is then its home folder, ``private`` the file for variables that the daemon is not to know, and
    ``shared`` are folders that it sees besides, and what is below ``inside`` it finds at its root.
    ``network`` is its container's, ``None`` for one of its own; ``proxies`` are the variables that
    Docker's user has set for all containers.
    """

    run: str
    workspace: Path
    notes: Path
    artifacts: Path
    variables: Mapping[str, str]
    terminal: WindowSize | None = None
    window: Path | None = None
    inherit: tuple[int, ...] = ()
    repo: str = ""
    ports: tuple[int, ...] = ()
    rendezvous: int | None = None
    mpi_hostfile: Path | None = None
    token: str | None = field(default=None, repr=False)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    defaults: Mapping[str, str] = field(default_factory=dict)
    conda: Path | None = None
    attempt: int = 1
    resumed_from: str | None = None
    checkpoint: Path | None = None
    image: Image | None = None
    user: str = ""
    network: str | None = None
    login: str = ""
    proxies: Mapping[str, str] = field(default_factory=dict, repr=False)
    home: Path | None = None
    private: Path | None = None
    shared: tuple[Path, ...] = ()
    inside: Path | None = None


class Relief(Protocol):
    """Who goes on with a job that does not end with this process, should that be killed.

    ``book`` is a file of the run, for what has to be known of its output then.
    """

    @property
    def book(self) -> Path:
        """Where that stands; gone with the run."""
        ...

    def stand_by(self, identity: str, /) -> bool:
        """Have somebody stand by: called once the job is made, and before it is started.

        ``identity`` is what it is called where it runs. Returns ``False`` at once; and ``True`` in
        another process, a copy of this one, when this one has been killed.
        """
        ...

    def get_ready(self) -> None:
        """Get ready for :meth:`stand_by`: called while somebody else is making the job."""
        ...

    def meanwhile(self) -> None:
        """Do what need not wait for the job: called while somebody else is starting it."""
        ...

    def warn(self, text: str, /) -> None:
        """Tell those who watch."""
        ...


class Execution(Protocol):
    """A job that runs."""

    @property
    def pid(self) -> int:
        """Its first process."""
        ...

    @property
    def held(self) -> Held:
        """What holds it now: more, maybe, when it has run for a while."""
        ...

    def processes(self) -> set[int]:
        """All its processes now, by id; empty where they cannot be told."""
        ...

    def used(self) -> Reading | None:
        """What they use of the machine now; ``None`` where that cannot be told.

        Returns at once.
        """
        ...

    def wait(
        self,
        signals: Arrivals,
        on_output: Callable[[], None],
        on_stop: Callable[[int], None],
        on_tick: Callable[[], None] | None = None,
    ) -> Exit:
        """Carry output to the log until the job has ended; none of its processes is left then.

        ``on_output`` is called after the log has grown, ``on_stop`` with every signal sent on
        request, ``on_tick`` about once a second.
        """
        ...


class Executor(Protocol[Command]):
    """A place where jobs get processes."""

    @property
    def name(self) -> str:
        """The word for it on the command line and on the record."""
        ...

    def unavailable(self) -> str | None:
        """Why it cannot be used here, or ``None``."""
        ...

    def translate(
        self, job: Job, environment: Environment, lease: Lease, context: Context
    ) -> Command:
        """Say exactly what will be started. Pure."""
        ...

    def start(self, command: Command, log: Sink, relief: Relief | None = None, /) -> Execution:
        """Start it, with its output going to ``log``; one that can do without us gets ``relief``.

        Raises:
            OSError: the program cannot be executed.
            WfError: kind ``UNSATISFIABLE`` when there is no way to give it its devices.
        """
        ...
