"""A machine made up for a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.allocation.inventory import Gpu, Inventory, Occupant

if TYPE_CHECKING:
    from runner.spec.workflow import Resources

MEMORY = 16 * 10**9


def gpu(index: int, *, name: str = "NVIDIA A100", busy: tuple[int, ...] = ()) -> Gpu:
    """A GPU whose UUID tells its index."""
    return Gpu(
        f"GPU-{index:08x}-fake", index, name, 80 * 10**9, tuple(Occupant(pid) for pid in busy)
    )


def machine(cores: int = 2, gpus: int = 0, memory: int = MEMORY) -> Inventory:
    """A machine with so many cores and GPUs."""
    return Inventory(
        cores=tuple(range(cores)),
        memory=memory,
        gpus=tuple(gpu(index) for index in range(gpus)),
        no_gpus=None if gpus else "the fake machine has none",
    )


class FakeInventory:
    """Answers with one machine, and remembers what it was asked for.

    As the real one, it does not look for GPUs that nobody wants.
    """

    def __init__(self, answer: Inventory) -> None:
        self.answer = answer
        self.wanted: list[Resources] = []

    def __call__(self, wanted: Resources) -> Inventory:
        self.wanted.append(wanted)
        if wanted.gpu is not None:
            return self.answer
        return Inventory(self.answer.cores, self.answer.memory)
