"""The machine as a whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from runner.allocation.inventory import Limited
from runner.allocation.reading.machine import read
from runner.allocation.reading.roots import ROOTS
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.inventory import gpu
from tests.fakes.system import system

if TYPE_CHECKING:
    from pathlib import Path

    from runner.allocation.inventory import Gpu, Inventory

GPUS = Resources(gpu=GpuRequest(1))
FOUR = tuple(gpu(index) for index in range(4))
PHYSICAL = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def visible(ceiling: str | None, found: tuple[Gpu, ...] | str = FOUR) -> Inventory:
    """The machine as a caller with this CUDA_VISIBLE_DEVICES may use it."""
    variables = {} if ceiling is None else {"CUDA_VISIBLE_DEVICES": ceiling}
    return read(GPUS, variables, lambda: found)


def test_this_machine() -> None:
    found = read(Resources(), {}, lambda: FOUR)
    assert set(found.cores) <= os.sched_getaffinity(0)
    assert 0 < found.memory <= PHYSICAL
    assert found.shared_memory is None or found.shared_memory > 0


def test_the_driver_is_not_asked_when_no_gpu_is_wanted() -> None:
    def look() -> Any:
        pytest.fail("the driver was asked")

    found = read(Resources(cpu=1), {"CUDA_VISIBLE_DEVICES": "0"}, look)
    assert (found.gpus, found.no_gpus) == ((), None)


def test_cores_and_memory_are_what_the_control_group_allows(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/",
        "sys/fs/cgroup/memory.max": "1000000",
        "sys/fs/cgroup/cpu.max": "1000 100000",
    }
    found = read(Resources(), {}, lambda: (), roots=system(tmp_path, files))
    assert found.memory == 1_000_000
    assert len(found.cores) == 1
    assert found.limits[-1] == Limited("memory", PHYSICAL, "a limit of its control group")
    if len(os.sched_getaffinity(0)) > 1:
        assert found.limits[0].by == "a quota of 0.01 cores"
    # there is no such folder
    assert found.shared_memory is None
    files = {"proc/self/cgroup": "0::/", "sys/fs/cgroup/memory.max": str(2**63)}
    found = read(Resources(), {}, lambda: (), roots=system(tmp_path / "more", files))
    assert (found.memory, found.limits) == (PHYSICAL, ())


def test_without_a_ceiling_all_gpus_are_there() -> None:
    found = visible(None)
    assert (found.gpus, found.no_gpus) == (FOUR, None)


def test_the_callers_variable_is_a_limit_that_is_told() -> None:
    found = visible("2,0")
    assert found.gpus == (FOUR[2], FOUR[0])
    assert found.limits[-1:] == (Limited("gpu", 4, "CUDA_VISIBLE_DEVICES"),)
    assert not [one for one in visible("0,1,2,3").limits if one.key == "gpu"]


@pytest.mark.parametrize("ceiling", ["", "-1", "9"])
def test_what_names_no_gpu_hides_all_and_is_given_as_the_reason(ceiling: str) -> None:
    found = visible(ceiling)
    assert found.gpus == ()
    assert found.no_gpus == f"CUDA_VISIBLE_DEVICES is set to `{ceiling}`, which hides every GPU"


def test_a_machine_without_gpus_is_not_blamed_on_the_variable() -> None:
    assert visible("0", ()).no_gpus is None
    assert visible("0", "no NVIDIA driver is installed").no_gpus == "no NVIDIA driver is installed"


def test_the_roots_are_the_systems_own() -> None:
    assert ROOTS == ("/proc", "/sys", "/dev/shm")
