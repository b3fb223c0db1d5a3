"""Reading the machine, with a driver that says what a test wants."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from runner.allocation.inventory import Inventory, read
from runner.spec.workflow import GpuRequest, Resources

GPUS = Resources(gpu=GpuRequest(1))
UUIDS = ("GPU-aa11", "GPU-aa22", "GPU-bb33", "GPU-cc44")


class DriverError(Exception):
    """What NVML raises."""

    def __init__(self, value: int) -> None:
        super().__init__(f"driver error {value}")
        self.value = value


@dataclass
class Driver:
    """A stand-in for NVML; ``broken`` names calls that fail, each with its error."""

    uuids: tuple[str, ...] = UUIDS
    busy: dict[int, list[int]] = field(default_factory=dict)
    broken: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def module(self) -> ModuleType:
        """The module that stands in for nvidia-ml-py."""
        answers: dict[str, Any] = {
            "nvmlInit": lambda: None,
            "nvmlShutdown": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.uuids),
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetUUID": lambda index: self.uuids[index],
            "nvmlDeviceGetName": lambda _index: b"NVIDIA H200",
            "nvmlDeviceGetMemoryInfo": lambda _index: SimpleNamespace(total=139 * 2**30),
            "nvmlDeviceGetComputeRunningProcesses": lambda index: [
                SimpleNamespace(pid=pid) for pid in self.busy.get(index, [])
            ],
        }
        made = ModuleType("pynvml")
        made.__dict__.update({name: self._call(name, answer) for name, answer in answers.items()})
        made.__dict__.update(NVMLError=DriverError, NVML_ERROR_LIBRARY_NOT_FOUND=12)
        return made

    def _call(self, name: str, answer: Any) -> Any:
        def called(*words: Any) -> Any:
            self.calls.append(name)
            if name in self.broken:
                raise DriverError(self.broken[name])
            return answer(*words)

        return called


@pytest.fixture
def driver(monkeypatch: pytest.MonkeyPatch) -> Driver:
    """A driver with four idle GPUs."""
    made = Driver()
    monkeypatch.setitem(sys.modules, "pynvml", made.module())
    return made


def visible(ceiling: str | None) -> Inventory:
    """The machine as a caller with this CUDA_VISIBLE_DEVICES may use it."""
    return read({} if ceiling is None else {"CUDA_VISIBLE_DEVICES": ceiling}, GPUS)


# --- cores and memory -----------------------------------------------------------------------------


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_the_cores_are_those_that_this_process_may_run_on() -> None:
    allowed = os.sched_getaffinity(0)
    assert read({}, Resources()).cores == tuple(sorted(allowed))
    one = min(allowed)
    os.sched_setaffinity(0, {one})
    try:
        assert read({}, Resources()).cores == (one,)
    finally:
        os.sched_setaffinity(0, allowed)


def test_the_memory_is_no_more_than_there_is() -> None:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    assert 0 < read({}, Resources()).memory <= physical


# --- GPUs -----------------------------------------------------------------------------------------


def test_the_driver_is_not_asked_when_no_gpu_is_wanted(driver: Driver) -> None:
    machine = read({"CUDA_VISIBLE_DEVICES": "0"}, Resources(cpu=1))
    assert (machine.gpus, machine.no_gpus) == ((), None)
    assert driver.calls == []


def test_a_gpu_is_known_by_uuid_name_memory_and_who_computes_on_it(driver: Driver) -> None:
    driver.busy[1] = [17, 18]
    machine = visible(None)
    assert [gpu.uuid for gpu in machine.gpus] == list(UUIDS)
    assert [gpu.index for gpu in machine.gpus] == [0, 1, 2, 3]
    assert [tuple(found.pid for found in gpu.busy) for gpu in machine.gpus] == [
        (),
        (17, 18),
        (),
        (),
    ]
    assert {(gpu.name, gpu.memory) for gpu in machine.gpus} == {("NVIDIA H200", 139 * 2**30)}
    assert machine.no_gpus is None
    assert driver.calls[-1] == "nvmlShutdown"


def test_a_gpu_that_does_not_tell_its_processes_counts_as_idle(driver: Driver) -> None:
    driver.broken["nvmlDeviceGetComputeRunningProcesses"] = 3
    assert [gpu.busy for gpu in visible(None).gpus] == [()] * 4


@pytest.mark.parametrize(
    ("call", "code", "reason"),
    [
        ("nvmlInit", 12, "no NVIDIA driver is installed"),
        ("nvmlInit", 9, "the NVIDIA driver does not answer: driver error 9"),
        ("nvmlDeviceGetCount", 15, "the NVIDIA driver does not answer: driver error 15"),
        ("nvmlDeviceGetUUID", 15, "the NVIDIA driver does not answer: driver error 15"),
    ],
)
def test_why_there_are_no_gpus(driver: Driver, call: str, code: int, reason: str) -> None:
    driver.broken[call] = code
    machine = visible("0")
    assert (machine.gpus, machine.no_gpus) == ((), reason)


# --- the caller's own CUDA_VISIBLE_DEVICES is a ceiling -------------------------------------------


@pytest.mark.parametrize(
    ("ceiling", "expected"),
    [
        (None, [0, 1, 2, 3]),
        ("0", [0]),
        ("2,0", [2, 0]),
        (" 1 , 3 ", [1, 3]),
        ("1,1", [1]),
        ("GPU-bb33", [2]),
        ("GPU-bb", [2]),
        ("GPU-cc44,0", [3, 0]),
        ("0,9,1", [0]),
        ("0,-1,1", [0]),
        ("0,,1", [0]),
        ("1,GPU-zz,0", [1]),
    ],
)
def test_it_is_read_as_cuda_reads_it(
    driver: Driver, ceiling: str | None, expected: list[int]
) -> None:
    machine = visible(ceiling)
    assert [gpu.uuid for gpu in machine.gpus] == [driver.uuids[index] for index in expected]
    assert machine.no_gpus is None


@pytest.mark.usefixtures("driver")
@pytest.mark.parametrize(
    "ceiling", ["", "-1", "9", "NoDevFiles", "GPU-", "GPU-aa", "gpu-aa11", "aa11"]
)
def test_what_names_no_gpu_hides_all_and_is_given_as_the_reason(ceiling: str) -> None:
    machine = visible(ceiling)
    assert machine.gpus == ()
    assert machine.no_gpus == f"CUDA_VISIBLE_DEVICES is set to `{ceiling}`, which hides every GPU"


def test_a_machine_without_gpus_is_not_blamed_on_the_variable(driver: Driver) -> None:
    driver.uuids = ()
    assert visible("0").no_gpus is None
