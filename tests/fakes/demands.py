"""Machines and requests made up by hypothesis."""

from __future__ import annotations

from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory, Occupant
from runner.allocation.matching import UNIT, Taken
from runner.spec.workflow import GpuRequest, Resources

GIB = 2**30
_NAMES = ("Tesla V100-SXM2-16GB", "NVIDIA A100-SXM4-80GB", "NVIDIA H100 PCIe")
_CALLED = (None, "V100", "a100", "H100")


@st.composite
def machines(draw: st.DrawFn, *, alike: bool = False) -> Inventory:
    """Any machine; with GPUs that are ``alike``, and nobody else's, where that is wanted."""
    cores = draw(st.sets(st.integers(0, 15), min_size=1, max_size=8))
    found = tuple(
        Gpu(
            uuid=f"GPU-{index}",
            index=index,
            name=_NAMES[0] if alike else draw(st.sampled_from(_NAMES)),
            memory=16 * GIB if alike else draw(st.sampled_from([16, 40, 80])) * GIB,
            busy=() if alike else draw(st.sampled_from([(), (), (Occupant(4711),)])),
            used=draw(st.sampled_from([0, GIB])),
            numa=draw(st.sampled_from([None, 0, 1])),
            links=tuple(draw(st.sets(st.sampled_from(["GPU-0", "GPU-1", "GPU-2"])))),
        )
        for index in range(draw(st.integers(0, 6)))
    )
    memory = draw(st.integers(1, 16)) * UNIT
    return Inventory(tuple(sorted(cores)), memory, found, numa=((0, 1, 2, 3), (4, 5, 6, 7)))


def requests(*, exact: bool = False) -> st.SearchStrategy[Resources]:
    """Any request; with ``exact`` one that takes all GPUs alike, and no share of the cores."""
    gpus = st.builds(
        GpuRequest,
        count=st.integers(1, 4),
        name=st.none() if exact else st.sampled_from(_CALLED),
        memory=st.none() if exact else st.sampled_from([None, 16 * GIB, 40 * GIB]),
        most_memory=st.none() if exact else st.sampled_from([None, None, 40 * GIB]),
    )
    memory = st.none() | st.integers(1, 12).map(lambda number: number * UNIT)
    cores = st.none() | st.integers(1, 6)
    without = st.builds(Resources, cpu=cores, memory=memory)
    of_cores = st.integers(1, 4) if exact else cores
    return without | st.builds(Resources, cpu=of_cores, memory=memory, gpu=gpus)


@st.composite
def in_use(draw: st.DrawFn, machine: Inventory) -> Taken:
    """What somebody may hold of a machine."""
    uuids = [gpu.uuid for gpu in machine.gpus]
    return Taken(
        draw(st.frozensets(st.sampled_from(machine.cores))),
        draw(st.frozensets(st.sampled_from(uuids))) if uuids else frozenset(),
        draw(st.integers(0, machine.memory // UNIT)),
    )
