"""Fitting requests to machines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory, Occupant
from runner.allocation.matching.fitting import (
    UNIT,
    Choice,
    Taken,
    choose,
    fair_share,
    reduced,
    short_of,
    shortage,
)
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.demands import in_use, machines, requests

GIB = 2**30
V100 = [Gpu(f"GPU-v{n}", n, "Tesla V100-SXM2-16GB", 16 * GIB) for n in range(2)]
A100 = [Gpu(f"GPU-a{n}", 2 + n, "NVIDIA A100-SXM4-80GB", 80 * GIB) for n in range(2)]
MACHINE = Inventory(cores=(0, 1, 4, 5), memory=32 * GIB, gpus=(*V100, *A100))
NOTHING = Taken()


def gpus(count: int, name: str | None = None, memory: int | None = None) -> Resources:
    """A request for GPUs only."""
    return Resources(gpu=GpuRequest(count, name, memory))


# --- what a machine can never serve ---------------------------------------------------------------


@pytest.mark.parametrize(
    "asked",
    [
        Resources(),
        Resources(cpu=4, memory=32 * GIB, gpu=GpuRequest(4)),
        gpus(2, "V100"),
        gpus(2, "a100"),
        gpus(1, "Tesla V100-SXM2-16GB"),
        Resources(gpu=GpuRequest(4, "A100", alternatives=("H100", "V100"))),
        gpus(2, memory=17 * GIB),
        gpus(4, memory=16 * GIB),
    ],
)
def test_what_fits_lacks_nothing(asked: Resources) -> None:
    assert shortage(asked, MACHINE) is None


@pytest.mark.parametrize(
    ("asked", "key", "said", "there"),
    [
        (Resources(cpu=5), "cpu", "5 cores", "4 cores"),
        (Resources(memory=64 * 10**9), "memory", "64 GB of memory", "34.4 GB"),
        (
            gpus(5),
            "gpu",
            "5 GPUs",
            "2 Tesla V100-SXM2-16GB with 17.2 GB each, 2 NVIDIA A100-SXM4-80GB with ",
        ),
        (gpus(3, "V100"), "gpu", "3 V100 GPUs", "2 NVIDIA A100-SXM4-80GB with 85.9 GB each"),
        (gpus(1, "H100"), "gpu", "1 H100 GPU", "Tesla V100"),
        (
            Resources(gpu=GpuRequest(1, "H100", alternatives=("L4",))),
            "gpu",
            "1 H100,L4 GPU",
            "Tesla V100",
        ),
        (gpus(1, memory=90 * 10**9), "gpu", "1 GPU with at least 90 GB", "Tesla V100"),
        (
            Resources(gpu=GpuRequest(1, None, 24 * 10**9, (), 48 * 10**9)),
            "gpu",
            "1 GPU with 24 GB to 48 GB",
            "Tesla V100",
        ),
        (
            Resources(gpu=GpuRequest(3, most_memory=40 * 10**9)),
            "gpu",
            "3 GPUs with at most 40 GB",
            "Tesla V100",
        ),
    ],
)
def test_what_is_short_is_named_with_what_is_there(
    asked: Resources, key: str, said: str, there: str
) -> None:
    found = shortage(asked, MACHINE)
    assert found is not None
    assert (found.key, found.asked) == (key, said)
    assert there in found.there


def test_why_there_is_no_gpu_is_part_of_what_is_there() -> None:
    bare = Inventory((0,), GIB)
    none = Inventory((0,), GIB, no_gpus="no NVIDIA driver is installed")
    found = [shortage(gpus(1), machine) for machine in (bare, none)]
    assert [one and one.there for one in found] == [
        "no GPU",
        "no GPU (no NVIDIA driver is installed)",
    ]


def test_a_busy_gpu_is_no_shortage() -> None:
    busy = Inventory((0,), GIB, (Gpu("GPU-x", 0, "V100", GIB, busy=(Occupant(17),)),))
    assert shortage(gpus(1), busy) is None
    assert choose(gpus(1), busy, NOTHING) is None


# --- names of GPUs --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "product"),
    [
        ("V100", "Tesla V100-SXM2-16GB"),
        ("v100", "Tesla V100-SXM2-16GB"),
        ("3090", "NVIDIA GeForce RTX 3090"),
        ("RTX 3090", "NVIDIA GeForce RTX 3090"),
        ("H100", "NVIDIA H100 80GB HBM3"),
        ("NVIDIA A100-SXM4-80GB", "NVIDIA A100-SXM4-80GB"),
        ("L4", "NVIDIA L4"),
        ("RTX4090", "NVIDIA GeForce RTX 4090"),
        ("RTXPRO6000", "NVIDIA RTX PRO 6000 Blackwell"),
        # an instance of a divided one
        ("A100", "NVIDIA A100-SXM4-80GB MIG 1g.10gb"),
        ("1g.10gb", "NVIDIA A100-SXM4-80GB MIG 1g.10gb"),
        ("MIG 1G.10GB", "NVIDIA A100-SXM4-80GB MIG 1g.10gb"),
    ],
)
def test_a_short_name_means_the_product(asked: str, product: str) -> None:
    machine = Inventory((0,), GIB, (Gpu("GPU-x", 0, product, GIB),))
    assert shortage(gpus(1, asked), machine) is None


@pytest.mark.parametrize(
    ("asked", "product"),
    [
        ("A10", "NVIDIA A100-SXM4-80GB"),
        ("L4", "NVIDIA L40S"),
        ("T4", "NVIDIA T400 4GB"),
        ("RTX409", "NVIDIA GeForce RTX 4090"),
        ("100", "Tesla V100-SXM2-16GB"),
        ("1g.10gb", "NVIDIA A100-SXM4-80GB MIG 1g.20gb"),
        ("1g.1", "NVIDIA A100-SXM4-80GB MIG 1g.10gb"),
        ("g.10gb", "NVIDIA A100-SXM4-80GB MIG 1g.10gb"),
        ("V100", "NVIDIA A100-SXM4-80GB"),
    ],
)
def test_a_name_is_not_a_piece_of_another(asked: str, product: str) -> None:
    machine = Inventory((0,), GIB, (Gpu("GPU-x", 0, product, GIB),))
    assert shortage(gpus(1, asked), machine) is not None
    assert choose(gpus(1, asked), machine, NOTHING) is None


# --- what is granted ------------------------------------------------------------------------------


def test_the_first_free_devices_are_granted() -> None:
    taken = Taken(frozenset({0}), frozenset({V100[0].uuid}))
    asked = Resources(cpu=2, gpu=GpuRequest(2))
    assert choose(asked, MACHINE, taken) == Choice((1, 4), (V100[1], A100[0]))


def test_who_asks_for_nothing_has_nothing_of_its_own() -> None:
    assert choose(Resources(), MACHINE, NOTHING) == Choice(None, ())


def test_gpus_alone_come_with_their_share_of_the_cores() -> None:
    assert choose(gpus(1), MACHINE, NOTHING) == Choice((0,), (V100[0],))
    assert choose(gpus(2), MACHINE, NOTHING) == Choice((0, 1), tuple(V100))
    few = Taken(frozenset({0, 1, 4}))
    assert choose(gpus(2), MACHINE, few) == Choice((5,), tuple(V100))
    assert choose(gpus(2), MACHINE, Taken(frozenset(MACHINE.cores))) is None


def test_only_gpus_that_suit_are_granted() -> None:
    assert choose(gpus(2, "A100"), MACHINE, NOTHING) == Choice((0, 1), tuple(A100))
    assert choose(gpus(2, "A100"), MACHINE, Taken(gpus=frozenset({A100[0].uuid}))) is None


def test_no_gpu_has_more_memory_than_the_most() -> None:
    asked = Resources(cpu=1, gpu=GpuRequest(1, None, 20 * GIB, (), 80 * GIB))
    assert choose(asked, MACHINE, NOTHING) == Choice((0,), (A100[0],))
    less = Resources(cpu=1, gpu=GpuRequest(1, most_memory=40 * GIB))
    first = Taken(gpus=frozenset({V100[0].uuid}))
    assert choose(less, MACHINE, first) == Choice((0,), (V100[1],))


def test_cores_are_near_the_gpus() -> None:
    near = replace(MACHINE, numa=((0, 1), (4, 5)), gpus=(replace(V100[0], numa=1),))
    assert choose(Resources(cpu=3, gpu=GpuRequest(1)), near, NOTHING) == Choice(
        (0, 4, 5), near.gpus
    )


def test_memory_is_had_in_units_of_which_the_last_is_not_shared() -> None:
    there = replace(MACHINE, memory=3 * UNIT + 1)
    asked = Resources(memory=UNIT + 1)
    assert choose(asked, there, NOTHING) == Choice(None, (), 2)
    assert choose(asked, there, Taken(memory=1)) == Choice(None, (), 2)
    assert choose(asked, there, Taken(memory=2)) is None
    assert shortage(Resources(memory=3 * UNIT), there) is None
    # a unit that is not whole is nobody's
    assert shortage(Resources(memory=3 * UNIT + 1), there) is not None


# --- what is not free, in words -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Resources(cpu=1, gpu=GpuRequest(1), memory=GIB), ""),
        (Resources(cpu=3), "3 cores (2 free)"),
        (gpus(4), "4 GPUs (2 free)"),
        (gpus(2, "V100"), "2 V100 GPUs (0 free)"),
        (Resources(memory=10**10), "10 GB of memory (8.6 GB free)"),
        (
            Resources(cpu=4, memory=10**10, gpu=GpuRequest(3)),
            "4 cores (2 free), 3 GPUs (2 free) and 10 GB of memory (8.6 GB free)",
        ),
    ],
)
def test_what_is_short_is_said_with_what_is_free(asked: Resources, said: str) -> None:
    busy = replace(MACHINE, gpus=(V100[0], replace(V100[1], busy=(Occupant(7),)), *A100))
    taken = Taken(frozenset({0, 1}), frozenset({V100[0].uuid}), 24 * 1024)
    assert short_of(asked, busy, taken) == said
    assert (choose(asked, busy, taken) is None) == bool(said)


def test_a_run_with_gpus_is_short_of_cores_when_none_is_left() -> None:
    taken = Taken(frozenset(MACHINE.cores))
    assert short_of(gpus(1), MACHINE, taken) == "1 core (0 free)"


def test_all_or_nothing() -> None:
    taken = Taken(frozenset(MACHINE.cores))
    assert choose(Resources(cpu=1, gpu=GpuRequest(1)), MACHINE, taken) is None


# --- properties -----------------------------------------------------------------------------------


@given(machines(), requests(), st.data())
def test_a_grant_is_exactly_what_was_asked_of_what_is_free(
    machine: Inventory, asked: Resources, data: st.DataObject
) -> None:
    taken = data.draw(in_use(machine))
    granted = choose(asked, machine, taken)
    assert choose(asked, machine, taken) == granted
    assert (granted is None) == bool(short_of(asked, machine, taken))
    if granted is None:
        return
    cores, gpus = granted.cores or (), granted.gpus
    assert (granted.cores is None) == (asked.cpu is None and asked.gpu is None)
    free = set(machine.cores) - taken.cores
    assert len(cores) == min(fair_share(asked, machine) or 0, len(free))
    assert len(cores) >= (asked.cpu or 0)
    assert len(set(cores)) == len(cores)
    assert set(cores) <= free
    wanted = asked.gpu or GpuRequest(0)
    assert len({gpu.uuid for gpu in gpus}) == len(gpus) == wanted.count
    assert set(gpus) <= set(machine.gpus)
    assert taken.gpus.isdisjoint(gpu.uuid for gpu in gpus)
    assert not any(gpu.busy for gpu in gpus)
    assert all((wanted.name or "").lower() in gpu.name.lower() for gpu in gpus)
    assert all(gpu.memory >= (wanted.memory or 0) for gpu in gpus)
    assert all(gpu.memory <= (wanted.most_memory or gpu.memory) for gpu in gpus)
    assert granted.memory * UNIT >= (asked.memory or 0) > (granted.memory - 1) * UNIT
    assert granted.memory + taken.memory <= machine.memory // UNIT or not granted.memory


@given(machines(), st.integers(1, 4), st.data())
def test_no_free_gpu_that_is_left_is_used_less(
    machine: Inventory, number: int, data: st.DataObject
) -> None:
    asked = Resources(gpu=GpuRequest(number))
    taken = data.draw(in_use(machine))
    granted = choose(asked, machine, taken)
    if granted is None:
        return
    left = [
        gpu
        for gpu in machine.gpus
        if gpu not in granted.gpus and gpu.uuid not in taken.gpus and not gpu.busy
    ]
    most = max((gpu.used for gpu in granted.gpus), default=0)
    assert all(gpu.used >= most for gpu in left)


@given(machines(), requests())
def test_an_idle_machine_serves_whatever_it_does_not_lack(
    machine: Inventory, asked: Resources
) -> None:
    idle = replace(machine, gpus=tuple(replace(gpu, busy=()) for gpu in machine.gpus))
    assert (choose(asked, idle, NOTHING) is None) == (shortage(asked, idle) is not None)


@given(machines(), requests(), requests())
def test_two_grants_never_share_a_device(
    machine: Inventory, first: Resources, second: Resources
) -> None:
    one = choose(first, machine, NOTHING)
    if one is None:
        return
    two = choose(second, machine, NOTHING.and_also(one))
    if two is not None:
        assert set(one.cores or ()).isdisjoint(two.cores or ())
        assert set(one.gpus).isdisjoint(two.gpus)
        assert one.memory + two.memory <= machine.memory // UNIT


@given(machines(), requests(), st.integers(1, 4))
def test_what_is_made_less_fits_unless_there_are_too_many_nodes(
    machine: Inventory, asked: Resources, nodes: int
) -> None:
    less = reduced(asked, nodes, machine)
    found = shortage(less.times(nodes), machine)
    assert found is None or (found.key == "cpu" and nodes > len(machine.cores))
    if shortage(asked.times(nodes), machine) is None:
        assert less == asked
