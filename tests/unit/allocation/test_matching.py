"""Fitting requests to machines."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory, Occupant
from runner.allocation.matching import (
    Choice,
    Taken,
    choose,
    device_names,
    fair_share,
    shortage,
    taken_by_name,
)
from runner.spec.workflow import GpuRequest, Resources

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
        (gpus(5), "gpu", "5 GPUs", "Tesla V100-SXM2-16GB with 17.2 GB, "),
        (gpus(3, "V100"), "gpu", "3 V100 GPUs", "NVIDIA A100-SXM4-80GB with 85.9 GB"),
        (gpus(1, "H100"), "gpu", "1 H100 GPU", "Tesla V100"),
        (
            Resources(gpu=GpuRequest(1, "H100", alternatives=("L4",))),
            "gpu",
            "1 H100,L4 GPU",
            "Tesla V100",
        ),
        (gpus(1, memory=90 * 10**9), "gpu", "1 GPU with at least 90 GB", "Tesla V100"),
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


def test_all_or_nothing() -> None:
    taken = Taken(frozenset(MACHINE.cores))
    assert choose(Resources(cpu=1, gpu=GpuRequest(1)), MACHINE, taken) is None


def test_devices_are_named_in_one_order() -> None:
    assert device_names(Choice((5, 1), (A100[1], V100[0]))) == (
        "cpu-1",
        "cpu-5",
        "gpu-GPU-a1",
        "gpu-GPU-v0",
    )
    assert device_names(Choice(None, ())) == ()


# --- properties -----------------------------------------------------------------------------------

names = st.sampled_from(["Tesla V100-SXM2-16GB", "NVIDIA A100-SXM4-80GB", "NVIDIA H100 PCIe"])


@st.composite
def machines(draw: st.DrawFn) -> Inventory:
    """Any machine."""
    cores = draw(st.sets(st.integers(0, 15), min_size=1, max_size=8))
    found = tuple(
        Gpu(
            uuid=f"GPU-{index}",
            index=index,
            name=draw(names),
            memory=draw(st.sampled_from([16, 40, 80])) * GIB,
            busy=draw(st.sampled_from([(), (), (Occupant(4711),)])),
        )
        for index in range(draw(st.integers(0, 6)))
    )
    return Inventory(tuple(sorted(cores)), draw(st.integers(1, 64)) * GIB, found)


requests = st.builds(
    Resources,
    cpu=st.none() | st.integers(1, 10),
    memory=st.none() | st.integers(1, 80).map(lambda number: number * GIB),
    gpu=st.none()
    | st.builds(
        GpuRequest,
        count=st.integers(1, 6),
        name=st.none() | st.sampled_from(["V100", "a100", "H100"]),
        memory=st.none() | st.sampled_from([16, 40, 80]).map(lambda number: number * GIB),
    ),
)


@given(machines(), requests, st.data())
def test_a_grant_is_exactly_what_was_asked_of_what_is_free(
    machine: Inventory, asked: Resources, data: st.DataObject
) -> None:
    whole = Choice(machine.cores, machine.gpus)
    taken = frozenset(data.draw(st.lists(st.sampled_from(device_names(whole)))))
    granted = choose(asked, machine, taken_by_name(taken, machine))
    if granted is None:
        return
    cores = granted.cores or ()
    free = len(set(machine.cores)) - sum(name.startswith("cpu-") for name in taken)
    assert len(cores) == min(fair_share(asked, machine) or 0, free)
    assert (granted.cores is None) == (asked.cpu is None and asked.gpu is None)
    assert set(cores) <= set(machine.cores)
    assert set(granted.gpus) <= set(machine.gpus)
    held = device_names(granted)
    assert len(set(held)) == len(held) == len(cores) + len(granted.gpus)
    assert not taken.intersection(held)
    assert not any(gpu.busy for gpu in granted.gpus)
    wanted = asked.gpu or GpuRequest(0)
    assert len(granted.gpus) == wanted.count
    assert all((wanted.name or "").lower() in gpu.name.lower() for gpu in granted.gpus)
    assert all(gpu.memory >= (wanted.memory or 0) for gpu in granted.gpus)


@given(machines(), requests)
def test_an_idle_machine_serves_whatever_it_does_not_lack(
    machine: Inventory, asked: Resources
) -> None:
    idle = replace(machine, gpus=tuple(replace(gpu, busy=()) for gpu in machine.gpus))
    assert (choose(asked, idle, NOTHING) is None) == (shortage(asked, idle) is not None)


@given(machines(), requests, requests)
def test_two_grants_never_share_a_device(
    machine: Inventory, first: Resources, second: Resources
) -> None:
    one = choose(first, machine, NOTHING)
    if one is None:
        return
    two = choose(second, machine, NOTHING.and_also(one))
    if two is not None:
        assert not set(device_names(one)) & set(device_names(two))
