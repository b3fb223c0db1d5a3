"""The values exchanged when devices are held for a job.

A lease lives as long as a process of its job: its descriptors are inherited by the job, and the
kernel lets go of the locks when the last holder is gone. Nothing expires, nothing leaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.allocation.inventory import Gpu, Inventory
    from runner.events import Observer
    from runner.spec.workflow import Resources


class Claim(NamedTuple):
    """Who asks, as those who wait meanwhile may know.

    ``run`` is the run's name. ``usual`` is how long runs of the same workflow took before,
    ``limit`` how long this one may take at most; in seconds.
    """

    run: str
    usual: float | None = None
    limit: float | None = None


class Holder(NamedTuple):
    """A live lease, as others see it.

    ``user`` is the owner of its file, which nobody can pretend to be; all else is what that user's
    wf says of it. ``memory`` is in bytes. ``since`` is how long it has been held, ``likely`` how
    long it probably goes on and ``at_most`` how long it can; in seconds.
    """

    run: str
    user: str
    cores: tuple[int, ...] = ()
    gpus: tuple[str, ...] = ()
    memory: int | None = None
    since: float | None = None
    likely: float | None = None
    at_most: float | None = None


class Waiter(NamedTuple):
    """A run in the queue; ``asked`` is ``None`` where what it says cannot be read."""

    run: str
    user: str
    asked: Resources | None
    since: float | None = None
    usual: float | None = None
    limit: float | None = None


class Standing(NamedTuple):
    """Who holds what, and who waits, in the order of the queue."""

    holders: tuple[Holder, ...] = ()
    queue: tuple[Waiter, ...] = ()


class Passed(NamedTuple):
    """An earlier waiter that a later one went before, as it took nothing that one was short of."""

    run: str
    user: str
    short_of: str


class Turn(NamedTuple):
    """How a lease was had: enough to explain the order of any two.

    ``number`` is the place in the order of arrival, ``None`` for one that found nobody waiting.
    ``waited`` is in seconds.
    """

    number: int | None = None
    waited: float = 0.0
    passed: tuple[Passed, ...] = ()

    def document(self) -> dict[str, Any]:
        """The turn as JSON."""
        return {
            "number": self.number,
            "waited_seconds": round(self.waited, 3),
            "passed": [passed._asdict() for passed in self.passed],
        }


NO_TURN = Turn()
"""Nobody stood in the way."""


@dataclass(frozen=True, slots=True)
class Lease:
    """Devices held for one job.

    ``cores`` are the logical cores it may use, of ``of_cores`` there are; ``exclusive`` tells
    whether they are its alone (a number was asked for) or shared. ``memory`` is what was asked
    for, in bytes. ``descriptors`` hold the locks: they must be inherited by the job. ``simulated``
    is how many GPUs were asked for and are played by processes on the CPU instead. ``turn`` tells
    how it was had.
    """

    cores: tuple[int, ...]
    exclusive: bool
    gpus: tuple[Gpu, ...]
    memory: int | None
    of_cores: int
    descriptors: tuple[int, ...] = ()
    simulated: int = 0
    turn: Turn = NO_TURN

    def document(self) -> dict[str, Any]:
        """The grant as JSON."""
        return {
            "cpus": list(self.cores),
            "gpus": [gpu.uuid for gpu in self.gpus],
            "memory": self.memory,
            "simulated_gpus": self.simulated,
            "queue": self.turn.document(),
        }


class Leases(Protocol):
    """Where leases come from."""

    def acquire(
        self,
        asked: Resources,
        look: Callable[[Resources], Inventory],
        claim: Claim,
        observer: Observer,
        *,
        wait: bool,
    ) -> Lease:
        """Hold devices for ``asked``, waiting until they are free.

        ``look`` reads the machine for what is wanted of it: again and again while waiting, as a
        process that is not wf's may let go of a GPU, and with its GPUs where one that came earlier
        waits for some. ``claim`` is shown to those who wait meanwhile.

        Raises:
            WfError: kind ``BUSY`` when ``wait`` is false and something is not free; kind
                ``STORAGE`` when the lock folder cannot be used.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Let go of this process's hold; the job's own lasts until it is gone. Safe to repeat."""
        ...

    def tell(self, lease: Lease, left: float | None) -> None:
        """Let those who wait know how long the job probably goes on, in seconds."""
        ...

    def keep(self, lease: Lease, keeper: str) -> None:
        """The lease lasts as long as ``keeper`` too, which inherits no descriptor.

        A keeper is ``cgroup:PATH`` (while there is a process in it) or ``container:SOCKET#ID``
        (while it runs).
        """
        ...

    def standing(self) -> Standing:
        """Who holds what and who waits, now.

        Raises:
            WfError: kind ``STORAGE`` when the lock folder cannot be used.
        """
        ...
