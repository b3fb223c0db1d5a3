"""What the probe answers becomes values, with what the system knows."""

from __future__ import annotations

import json
import os
import pwd
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Load, Occupant
from runner.allocation.reading.gpus import loads, read
from runner.allocation.reading.processes import occupant
from runner.allocation.reading.roots import ROOTS
from tests.fakes.system import system

if TYPE_CHECKING:
    from pathlib import Path

NONSENSE = "the NVIDIA driver does not answer: what it says makes no sense"
ONE: dict[str, Any] = {
    "uuid": "GPU-aa11",
    "index": 3,
    "name": "NVIDIA H200",
    "memory": 1000,
    "used": 10,
    "busy": [],
    "bus": "00000000:65:00.0",
    "capability": [9, 0],
    "links": ["GPU-bb"],
    "parent": None,
}


def test_a_gpu_with_its_memory_node_and_its_processes(tmp_path: Path) -> None:
    roots = system(
        tmp_path,
        {
            "sys/bus/pci/devices/0000:65:00.0/numa_node": "1",
            "proc/17/status": "Name:\tpython\nUmask:\t0022\nUid:\t0\t1\t2\t3",
        },
    )
    found = read({"look": [{**ONE, "busy": [[17, 500], [18, None]]}]}, roots)
    root = pwd.getpwuid(0).pw_name
    assert found == (
        Gpu(
            "GPU-aa11", 3, "NVIDIA H200", 1000,
            busy=(Occupant(17, root, "python", 500), Occupant(18)),
            used=10, capability=(9, 0), numa=1, links=("GPU-bb",),
        ),
    )  # fmt: skip


@pytest.mark.parametrize(("said", "node"), [("-1", None), ("0", 0), ("", None), ("x", None)])
def test_memory_nodes(tmp_path: Path, said: str, node: int | None) -> None:
    roots = system(tmp_path, {"sys/bus/pci/devices/10000:e1:00.0/numa_node": said})
    found = read({"look": [{**ONE, "bus": "00010000:e1:00.0"}]}, roots)
    assert isinstance(found, tuple)
    assert found[0].numa == node


def test_a_bus_is_no_path(tmp_path: Path) -> None:
    roots = system(tmp_path, {"sys/bus/pci/devices/numa_node": "1"})
    found = read({"look": [{**ONE, "bus": "."}, {**ONE, "uuid": "GPU-b", "bus": None}]}, roots)
    assert isinstance(found, tuple)
    assert [gpu.numa for gpu in found] == [None, None]


def test_one_uuid_is_one_gpu() -> None:
    found = read({"look": [ONE, {**ONE, "index": 4}]}, ROOTS)
    assert isinstance(found, tuple)
    assert [gpu.index for gpu in found] == [3]


@pytest.mark.parametrize(
    "answer",
    [
        None,
        [],
        {},
        {"look": None},
        {"look": [{}]},
        {"look": [{**ONE, "uuid": "GPU-a,GPU-b"}]},
        {"look": [{**ONE, "uuid": ""}]},
        {"look": [{**ONE, "uuid": None}]},
        {"look": [{**ONE, "memory": "much"}]},
        {"look": [{**ONE, "capability": [9]}]},
        {"look": [{**ONE, "busy": [1]}]},
    ],
)
def test_nonsense_is_said_to_be(answer: object) -> None:
    assert read(answer, ROOTS) == NONSENSE


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["look", "sample", *ONE]), inner, max_size=3)
    ),
    max_leaves=12,
)


@given(anything)
def test_no_answer_breaks_it(answer: Any) -> None:
    answer = json.loads(json.dumps(answer))
    assert isinstance(read(answer, ROOTS), str | tuple)
    assert isinstance(loads(answer), dict)


def test_loads() -> None:
    answer = {"sample": {"GPU-a": [40, 7], "MIG-b": [None, 8], "GPU-c": [250, None]}}
    assert loads(answer) == {
        "GPU-a": Load(0.4, 7),
        "MIG-b": Load(None, 8),
        "GPU-c": Load(1.0, None),
    }


def test_a_process_is_known_by_its_real_user_and_its_name(tmp_path: Path) -> None:
    roots = system(tmp_path, {"proc/5/status": "Name:\ta\x1b[31mb c\nUid:\t4000000000\t0\t0\t0"})
    # nobody has that number; and a name may hold anything
    assert occupant(5, 1, roots.proc) == Occupant(5, "4000000000", "a[31mb c", 1)
    assert occupant(0, None, roots.proc) == Occupant(0)
    me = occupant(os.getpid(), None, "/proc")
    assert me.user == pwd.getpwuid(os.getuid()).pw_name
    assert me.program
