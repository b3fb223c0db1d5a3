"""Asking NVML, with a driver that says what a test wants."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from runner.allocation.reading.probe import NonsenseError, Probe, reason

UUIDS = ("GPU-aa11", "GPU-aa22", "GPU-bb33", "GPU-cc44")
NOT_SUPPORTED, NOT_FOUND, LOST, NO_LIBRARY = 3, 6, 15, 12


class DriverError(Exception):
    """What NVML raises."""

    def __init__(self, value: int) -> None:
        super().__init__(f"driver error {value}")
        self.value = value


@dataclass
class Driver:
    """A stand-in for NVML: a handle is an index, or the name of an instance.

    ``broken`` names calls that fail, each with its error; ``lost`` are GPUs that are gone.
    """

    uuids: tuple[str, ...] = UUIDS
    buses: tuple[int, ...] = (1, 2, 3, 4)
    busy: dict[int, list[tuple[int, int | None]]] = field(default_factory=dict)
    instances: dict[int, list[str]] = field(default_factory=dict)
    linked: frozenset[int] = frozenset()
    named: dict[Any, str] = field(default_factory=dict)
    lost: frozenset[int] = frozenset()
    broken: dict[str, int] = field(default_factory=dict)
    calls: list[str] = field(default_factory=list)

    def module(self) -> ModuleType:
        """The module that stands in for nvidia-ml-py."""
        answers: dict[str, Any] = {
            "nvmlInit": lambda: None,
            "nvmlDeviceGetCount": lambda: len(self.uuids),
            "nvmlDeviceGetHandleByIndex": lambda index: index,
            "nvmlDeviceGetHandleByUUID": self._by_uuid,
            "nvmlDeviceGetUUID": lambda one: one if isinstance(one, str) else self.uuids[one],
            "nvmlDeviceGetName": lambda one: self.named.get(one, "NVIDIA H200").encode(),
            "nvmlDeviceGetPciInfo": lambda one: SimpleNamespace(
                busId=f"00000000:{self.buses[one]:02X}:00.0".encode()
            ),
            "nvmlDeviceGetCudaComputeCapability": lambda _: (9, 0),
            "nvmlDeviceGetMemoryInfo": lambda _: SimpleNamespace(total=139 * 2**30, used=7),
            "nvmlDeviceGetUtilizationRates": lambda _: SimpleNamespace(gpu=42),
            "nvmlDeviceGetComputeRunningProcesses": lambda one: [
                SimpleNamespace(pid=pid, usedGpuMemory=memory)
                for pid, memory in self.busy.get(one, [])
            ],
            "nvmlDeviceGetMigMode": lambda one: [int(one in self.instances)] * 2,
            "nvmlDeviceGetMaxMigDeviceCount": lambda _: 7,
            "nvmlDeviceGetMigDeviceHandleByIndex": self._instance,
            "nvmlDeviceGetAttributes": lambda _: SimpleNamespace(
                gpuInstanceSliceCount=1, memorySizeMB=18_000
            ),
            "nvmlDeviceGetP2PStatus": lambda one, other, _: 0 if {one, other} <= self.linked else 5,
        }
        made = ModuleType("pynvml")
        made.__dict__.update({name: self._call(name, answer) for name, answer in answers.items()})
        made.__dict__.update(
            NVMLError=DriverError,
            NVML_ERROR_GPU_IS_LOST=LOST,
            NVML_ERROR_UNINITIALIZED=1,
            NVML_ERROR_UNKNOWN=999,
            NVML_P2P_CAPS_INDEX_NVLINK=2,
            NVML_P2P_STATUS_OK=0,
        )
        return made

    def _by_uuid(self, uuid: str) -> int:
        if uuid not in self.uuids:
            raise DriverError(NOT_FOUND)
        return self.uuids.index(uuid)

    def _instance(self, one: int, number: int) -> str:
        # the first place is empty: an instance that was given up leaves a gap
        try:
            return ["", *self.instances[one]][number] or self._gap()
        except IndexError:
            return self._gap()

    def _gap(self) -> str:
        raise DriverError(NOT_FOUND)

    def _call(self, name: str, answer: Any) -> Any:
        def called(*words: Any) -> Any:
            self.calls.append(name)
            if name in self.broken:
                raise DriverError(self.broken[name])
            if words and words[0] in self.lost and name != "nvmlDeviceGetHandleByIndex":
                raise DriverError(LOST)
            return answer(*words)

        return called


def probe(driver: Driver) -> Probe:
    return Probe(driver.module(), lambda: None)


def look(driver: Driver) -> list[dict[str, Any]]:
    return probe(driver).look()


def test_all_that_is_known_of_a_gpu() -> None:
    driver = Driver(busy={1: [(17, 2**30), (18, None)]}, linked=frozenset({1, 3}))
    found = look(driver)
    assert [gpu["uuid"] for gpu in found] == list(UUIDS)
    assert found[1] == {
        "uuid": "GPU-aa22",
        "index": 1,
        "name": "NVIDIA H200",
        "memory": 139 * 2**30,
        "used": 7,
        "busy": [[17, 2**30], [18, None]],
        "bus": "00000000:02:00.0",
        "capability": (9, 0),
        "links": ["GPU-cc44"],
        "parent": None,
    }


def test_the_index_is_that_of_the_bus_whatever_the_drivers_own_order() -> None:
    found = look(Driver(buses=(0x41, 0x05, 0xC1, 0x0A)))
    assert [(gpu["index"], gpu["uuid"]) for gpu in found] == [
        (0, "GPU-aa22"),
        (1, "GPU-cc44"),
        (2, "GPU-aa11"),
        (3, "GPU-bb33"),
    ]


def test_a_divided_gpu_is_its_instances() -> None:
    driver = Driver(instances={1: ["MIG-x", "MIG-y"], 2: []}, busy={})
    driver.named["MIG-y"] = "NVIDIA H200 MIG 2g.35gb"
    found = look(driver)
    assert [(gpu["uuid"], gpu["index"], gpu["name"], gpu["parent"]) for gpu in found] == [
        ("GPU-aa11", 0, "NVIDIA H200", None),
        ("MIG-x", 1, "NVIDIA H200 MIG 1g.18gb", "GPU-aa22"),
        ("MIG-y", 1, "NVIDIA H200 MIG 2g.35gb", "GPU-aa22"),
        ("GPU-cc44", 3, "NVIDIA H200", None),
    ]
    assert found[1]["bus"] == "00000000:02:00.0"


@pytest.mark.parametrize(
    "call",
    [
        "nvmlDeviceGetComputeRunningProcesses",
        "nvmlDeviceGetPciInfo",
        "nvmlDeviceGetCudaComputeCapability",
        "nvmlDeviceGetMigMode",
        "nvmlDeviceGetP2PStatus",
    ],
)
def test_a_gpu_need_not_tell_everything(call: str) -> None:
    driver = Driver(broken={call: NOT_SUPPORTED})
    asked = probe(driver)
    assert [gpu["uuid"] for gpu in asked.look()] == list(UUIDS)
    assert asked.fresh


def test_a_lost_gpu_takes_no_other_with_it_and_asks_for_a_fresh_start() -> None:
    asked = probe(Driver(lost=frozenset({2})))
    assert [(gpu["index"], gpu["uuid"]) for gpu in asked.look()] == [
        (0, "GPU-aa11"),
        (1, "GPU-aa22"),
        (3, "GPU-cc44"),
    ]
    assert not asked.fresh


def test_a_gpu_that_has_gone_is_not_there_at_the_next_look() -> None:
    driver = Driver(linked=frozenset({0, 3}))
    asked = probe(driver)
    assert asked.look()[0]["links"] == ["GPU-cc44"]
    driver.uuids = UUIDS[:3]
    again = asked.look()
    assert [gpu["uuid"] for gpu in again] == list(UUIDS[:3])
    assert again[0]["links"] == []


def test_links_are_asked_for_once() -> None:
    driver = Driver()
    asked = probe(driver)
    asked.look()
    driver.calls.clear()
    asked.look()
    assert "nvmlDeviceGetP2PStatus" not in driver.calls
    assert "nvmlInit" not in driver.calls


def test_a_sample_tells_of_those_that_are_there() -> None:
    assert probe(Driver()).sample(["GPU-bb33", "GPU-zz"]) == {"GPU-bb33": [42, 7]}
    broken = Driver(broken={"nvmlDeviceGetUtilizationRates": NOT_SUPPORTED})
    assert probe(broken).sample(["GPU-bb33"]) == {"GPU-bb33": [None, 7]}


def test_a_number_that_cannot_be_is_not_believed() -> None:
    with pytest.raises(NonsenseError, match="4294967295 GPUs"):
        look(Driver(uuids=_Endless()))


class _Endless(tuple[str, ...]):
    __slots__ = ()

    def __len__(self) -> int:
        return 2**32 - 1


@pytest.mark.parametrize(
    ("call", "code", "said"),
    [
        ("nvmlInit", 9, "the NVIDIA driver does not answer: driver error 9"),
        ("nvmlDeviceGetCount", 15, "the NVIDIA driver does not answer: driver error 15"),
        ("nvmlDeviceGetUUID", 15, "the NVIDIA driver does not answer: driver error 15"),
    ],
)
def test_why_there_are_no_gpus(call: str, code: int, said: str) -> None:
    with pytest.raises(DriverError) as raised:
        look(Driver(broken={call: code}))
    assert reason(raised.value) == said


def test_no_library_means_no_driver() -> None:
    assert reason(DriverError(NO_LIBRARY)) == "no NVIDIA driver is installed"
