"""The values exchanged when devices are held for a job.

A lease lives as long as a process of its job: its descriptors are inherited by the job, and the
kernel lets go of the locks when the last holder is gone. Nothing expires, nothing leaks.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.allocation.inventory import Gpu, Inventory
    from runner.events import Observer
    from runner.spec.workflow import Resources


@dataclass(frozen=True, slots=True)
class Lease:
    """Devices held for one job.

    ``cores`` are the logical cores it may use, of ``of_cores`` there are; ``exclusive`` tells
    whether they are its alone (a number was asked for) or shared. ``memory`` is what was asked
    for, in bytes. ``descriptors`` hold the locks: they must be inherited by the job.
    """

    cores: tuple[int, ...]
    exclusive: bool
    gpus: tuple[Gpu, ...]
    memory: int | None
    of_cores: int
    descriptors: tuple[int, ...] = ()

    def document(self) -> dict[str, Any]:
        """The grant as JSON."""
        return {
            "cpus": list(self.cores),
            "gpus": [gpu.uuid for gpu in self.gpus],
            "memory": self.memory,
        }


class Leases(Protocol):
    """Where leases come from."""

    def acquire(
        self,
        asked: Resources,
        look: Callable[[], Inventory],
        holder: str,
        observer: Observer,
        *,
        wait: bool,
    ) -> Lease:
        """Hold devices for ``asked``, waiting until they are free.

        ``look`` reads the machine: again and again while waiting, as a process that is not wf's
        may let go of a GPU. ``holder`` is shown to those who wait meanwhile.

        Raises:
            WfError: kind ``BUSY`` when ``wait`` is false and something is not free; kind
                ``STORAGE`` when the lock folder cannot be used.
        """
        ...

    def release(self, lease: Lease) -> None:
        """Let go of this process's hold; the job's own lasts until it is gone. Safe to repeat."""
        ...
