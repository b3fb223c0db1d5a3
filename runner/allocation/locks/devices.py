"""What is held of a machine, exactly. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.locks import ranges

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.allocation.locks.ranges import Stretch


class Devices(NamedTuple):
    """Logical cores by number, GPUs by UUID, and units of memory by number."""

    cores: tuple[Stretch, ...] = ()
    gpus: frozenset[str] = frozenset()
    memory: tuple[Stretch, ...] = ()

    def overlaps(self, other: Devices) -> bool:
        """Whether something is in both."""
        return (
            not self.gpus.isdisjoint(other.gpus)
            or ranges.overlap(self.cores, other.cores)
            or ranges.overlap(self.memory, other.memory)
        )


def together(many: Iterable[Devices]) -> Devices:
    """All that is held by any of them."""
    every = tuple(many)
    return Devices(
        ranges.merged(each for one in every for each in one.cores),
        frozenset().union(*(one.gpus for one in every)),
        ranges.merged(each for one in every for each in one.memory),
    )
