"""Machines and requests made up by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory, Occupant
from runner.allocation.matching.fitting import UNIT, Taken
from runner.spec.workflow import GpuRequest, Resources

GIB = 2**30
_NAMES = ("Tesla V100-SXM2-16GB", "NVIDIA A100-SXM4-80GB", "NVIDIA H100 PCIe")
_CALLED = (None, "V100", "a100", "H100")


@st.composite
def machines(draw: st.DrawFn) -> Inventory:
    """Any machine."""
    cores = draw(st.sets(st.integers(0, 15), min_size=1, max_size=8))
    found = tuple(
        Gpu(
            uuid=f"GPU-{index}",
            index=index,
            name=draw(st.sampled_from(_NAMES)),
            memory=draw(st.sampled_from([16, 40, 80])) * GIB,
            busy=draw(st.sampled_from([(), (), (Occupant(4711),)])),
            used=draw(st.sampled_from([0, GIB])),
            numa=draw(st.sampled_from([None, 0, 1])),
            links=tuple(draw(st.sets(st.sampled_from(["GPU-0", "GPU-1", "GPU-2"])))),
        )
        for index in range(draw(st.integers(0, 6)))
    )
    memory = draw(st.integers(1, 16)) * UNIT
    return Inventory(tuple(sorted(cores)), memory, found, numa=((0, 1, 2, 3), (4, 5, 6, 7)))


def requests() -> st.SearchStrategy[Resources]:
    """Any request."""
    gpus = st.builds(
        GpuRequest,
        count=st.integers(1, 4),
        name=st.sampled_from(_CALLED),
        memory=st.sampled_from([None, 16 * GIB, 40 * GIB]),
        most_memory=st.sampled_from([None, None, 40 * GIB]),
        among=st.sampled_from([(), (), ("GPU-1",), ("GPU-0", "GPU-1", "GPU-4")]),
    )
    memory = st.none() | st.integers(1, 12).map(lambda number: number * UNIT)
    cores = st.none() | st.integers(1, 6)
    without = st.builds(Resources, cpu=cores, memory=memory)
    return without | st.builds(Resources, cpu=cores, memory=memory, gpu=gpus)


@st.composite
def shops(draw: st.DrawFn) -> Inventory:
    """A machine that several can use: some cores, memory and GPUs that are alike."""
    gpus = tuple(
        Gpu(f"GPU-{index}", index, _NAMES[0], 16 * GIB) for index in range(draw(st.integers(1, 4)))
    )
    return Inventory(tuple(range(draw(st.integers(3, 8)))), draw(st.integers(3, 8)) * UNIT, gpus)


@st.composite
def fitting(draw: st.DrawFn, machine: Inventory) -> Resources:
    """A request of something that a machine with GPUs that are alike has; never a share of it."""
    cores, memory = len(machine.cores), machine.memory // UNIT
    gpus = draw(st.just(0) | st.integers(0, len(machine.gpus)))
    taken = draw(st.just(0) | st.integers(0, memory))
    fewest = 1 if gpus or not taken else 0
    return Resources(
        cpu=draw(st.just(fewest) | st.integers(fewest, cores)) or None,
        memory=taken * UNIT or None,
        gpu=GpuRequest(gpus) if gpus else None,
    )


@st.composite
def in_use(draw: st.DrawFn, machine: Inventory) -> Taken:
    """What somebody may hold of a machine: nothing, everything, or something between."""
    cores, uuids = machine.cores, [gpu.uuid for gpu in machine.gpus]
    return Taken(
        frozenset(cores[: draw(st.integers(0, len(cores)))]),
        frozenset(uuids[: draw(st.integers(0, len(uuids)))]),
        draw(st.integers(0, machine.memory // UNIT)),
    )
