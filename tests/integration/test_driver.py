"""GPUs that do not exist, asked for through the real driver interface."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner.allocation.inventory import Load
from runner.allocation.reading.driver import Driver
from tests.conftest import program, require
from tests.fakes import nvml

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.allocation.inventory import Gpu

    Make = Callable[..., Driver]

pytestmark = pytest.mark.integration

SECOND = "GPU-00000001-0000-0000-0000-000000000000"
# a program that is started anew needs longer on a machine with much to do; one that hangs costs it
SOON = 2.0
SILENT = "the NVIDIA driver has not answered within 2 seconds"


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    require("gcc", program("gcc"))
    return nvml.build(tmp_path_factory.mktemp("nvml"))


@pytest.fixture
def make(library: dict[str, str]) -> Iterator[Make]:
    """Drivers, each for a machine of its own."""
    made: list[Driver] = []

    def build(limit: float = 60.0, **variables: str) -> Driver:
        made.append(Driver({**os.environ, **library, **variables}, limit=limit))
        return made[-1]

    yield build
    for driver in made:
        driver.close()


def gpus(driver: Driver) -> tuple[Gpu, ...]:
    found = driver.look()
    assert isinstance(found, tuple), found
    return found


def test_eight_gpus_with_all_that_is_known_of_them(make: Make) -> None:
    driver = make(
        FAKE_GPUS="8",
        FAKE_GPU_BUSY=f"1:{os.getpid()}:2048,1:1,3",
        FAKE_GPU_USED="1:4096",
        FAKE_GPU_LINKED="0:1,1:1,6:2,7:2",
    )
    found = gpus(driver)
    assert [gpu.uuid for gpu in found] == [nvml.uuid(index) for index in range(8)]
    assert [gpu.index for gpu in found] == list(range(8))
    assert {(gpu.name, gpu.memory, gpu.capability) for gpu in found} == {
        ("NVIDIA Fake", 80_000_000_000, (9, 0))
    }
    second = found[1]
    assert (second.uuid, second.used, second.links) == (SECOND, 4096, (nvml.uuid(0),))
    assert [(one.pid, one.memory) for one in second.busy] == [(os.getpid(), 2048), (1, 0)]
    assert second.busy[0].program
    assert [bool(gpu.busy) for gpu in found] == [False, True, False, True, *[False] * 4]
    assert found[6].links == (nvml.uuid(7),)


def test_indexes_follow_the_bus(make: Make) -> None:
    found = gpus(make(FAKE_GPUS="3", FAKE_GPU_BUS="0:65,1:4,2:193"))
    assert [gpu.uuid for gpu in found] == [nvml.uuid(1), nvml.uuid(0), nvml.uuid(2)]


def test_instances_are_devices_and_the_divided_gpu_is_none(make: Make) -> None:
    found = gpus(make(FAKE_GPUS="3", FAKE_GPU_MIG="1:2,2:0"))
    assert [(gpu.uuid[:4], gpu.index, gpu.memory, gpu.parent) for gpu in found] == [
        ("GPU-", 0, 80_000_000_000, None),
        ("MIG-", 1, 10_000_000_000, SECOND),
        ("MIG-", 1, 10_000_000_000, SECOND),
    ]
    assert found[1].name == "NVIDIA Fake MIG 1g.10gb"


def test_a_gpu_that_vanishes_is_not_there_at_the_next_look(make: Make, tmp_path: Path) -> None:
    there = tmp_path / "gpus"
    there.write_text("2")
    driver = make(FAKE_GPUS_FILE=str(there))
    assert len(gpus(driver)) == 2
    there.write_text("1")
    assert len(gpus(driver)) == 1
    assert driver.sample([SECOND]) == {}


def test_a_gpu_off_the_bus_does_not_take_the_others_with_it(make: Make) -> None:
    driver = make(FAKE_GPUS="3", FAKE_GPU_LOST="1")
    for _ in range(2):
        assert [gpu.index for gpu in gpus(driver)] == [0, 2]


def test_samples(make: Make) -> None:
    driver = make(
        FAKE_GPUS="3", FAKE_GPU_UTILISATION="1:37", FAKE_GPU_USED="1:99", FAKE_GPU_MIG="2:1"
    )
    instance = gpus(driver)[2].uuid
    assert driver.sample([SECOND, "GPU-none", instance]) == {
        SECOND: Load(0.37, 99),
        instance: Load(None, 0),
    }


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({"FAKE_NVML_ERROR": "9"}, "the NVIDIA driver does not answer: "),
        ({"FAKE_NVML_ERROR": "18"}, "version mismatch"),
        ({"FAKE_NVML_CRASH": "nvmlInit"}, "asking it makes a program crash"),
        ({"FAKE_NVML_CRASH": "nvmlDeviceGetUUID"}, "asking it makes a program crash"),
        ({"FAKE_GPU_GARBAGE": "1"}, "the NVIDIA driver does not answer: "),
        ({"FAKE_GPUS": "-1"}, "there are 4294967295 GPUs"),
        ({"LD_LIBRARY_PATH": "/no/such/folder"}, "no NVIDIA driver is installed"),
    ],
)
def test_a_driver_in_whatever_trouble_gives_a_reason(
    make: Make, variables: dict[str, str], said: str
) -> None:
    driver = make(**{"FAKE_GPUS": "2", **variables})
    for _ in range(2):
        found = driver.look()
        assert isinstance(found, str)
        assert said in found
    assert driver.sample([SECOND]) == {}


def test_a_library_that_is_none(make: Make, tmp_path: Path) -> None:
    (tmp_path / "libnvidia-ml.so.1").write_text("garbage")
    found = make(LD_LIBRARY_PATH=str(tmp_path)).look()
    assert isinstance(found, str)
    assert "file too short" in found


@pytest.mark.parametrize("call", ["nvmlInit", "nvmlDeviceGetComputeRunningProcesses"])
def test_a_driver_that_hangs_is_left_alone(make: Make, call: str) -> None:
    driver = make(SOON, FAKE_GPUS="2", FAKE_NVML_HANG=call)
    before = children()
    assert driver.look() == SILENT
    assert children() == before
    # and it is not asked again soon
    assert driver.look() == SILENT
    assert driver.sample([SECOND]) == {}
    assert children() == before


def children() -> set[str]:
    """The processes that this one has started, and that still live."""
    found: set[str] = set()
    for task in os.listdir("/proc/self/task"):
        with open(f"/proc/self/task/{task}/children", encoding="ascii") as file:
            found.update(file.read().split())
    return found
