"""Which jobs fit beside each other."""

from __future__ import annotations

import pytest

from runner.allocation.matching.together import fit
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.inventory import machine

ONE_CORE = Resources(cpu=1)
ALL = Resources()
ONE_GPU = Resources(gpu=GpuRequest(1))


@pytest.mark.parametrize(
    ("asked", "fits"),
    [
        ([], True),
        ([ALL], True),
        ([ALL, ALL], False),
        ([ALL, ONE_CORE], False),
        ([ONE_CORE] * 8, True),
        ([ONE_CORE] * 9, False),
        # two GPUs of four: half of the cores each
        ([ONE_GPU] * 4, True),
        ([ONE_GPU] * 5, False),
        ([ONE_GPU] * 2 + [ONE_CORE] * 4, True),
        ([ONE_GPU] * 2 + [ONE_CORE] * 5, False),
        ([Resources(cpu=1, gpu=GpuRequest(3)), Resources(cpu=1, gpu=GpuRequest(2))], False),
    ],
)
def test_jobs_beside_each_other(asked: list[Resources], fits: bool) -> None:  # noqa: FBT001
    assert fit(asked, machine(cores=8, gpus=4)) is fits


def test_memory_is_added_up() -> None:
    there = machine(cores=8, gpus=0)
    half = Resources(cpu=1, memory=there.memory // 2)
    assert fit([half, half], there)
    assert not fit([half, half, half], there)


def test_whoever_says_how_many_means_that_they_share() -> None:
    there = machine(cores=2, gpus=0)
    assert fit([ALL, ALL, ALL], there, share=True)
    assert not fit([ONE_CORE, ONE_CORE, ONE_CORE], there, share=True)
