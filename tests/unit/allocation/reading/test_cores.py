"""Cores: those allowed, as many as the quota is worth."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Limited
from runner.allocation.lists import in_ranges, listed
from runner.allocation.reading.cores import cores, within
from runner.allocation.reading.nodes import nodes
from runner.process.quotas import Quota
from tests.fakes.system import system

if TYPE_CHECKING:
    from pathlib import Path

numbers = st.sets(st.integers(0, 99_999), min_size=1, max_size=40)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_affinity_is_a_limit_that_is_told(tmp_path: Path) -> None:
    allowed = os.sched_getaffinity(0)
    roots = system(tmp_path, {"sys/devices/system/cpu/online": f"0-{max(allowed)}"})
    os.sched_setaffinity(0, {min(allowed)})
    try:
        found = cores(roots, None, "host")
    finally:
        os.sched_setaffinity(0, allowed)
    assert found.numbers == (min(allowed),)
    if max(allowed):
        assert found.limits == (Limited("cpu", max(allowed) + 1, "the affinity of this process"),)


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_a_quota_is_worth_whole_cores_and_told(tmp_path: Path) -> None:
    allowed = tuple(sorted(os.sched_getaffinity(0)))
    found = cores(system(tmp_path, {}), Quota(0.5, "/"), "host")
    assert len(found.numbers) == 1
    assert found.limits == (Limited("cpu", len(allowed), "a quota of 0.5 cores"),)
    assert cores(system(tmp_path, {}), Quota(len(allowed), "/"), "host").numbers == allowed


def test_containers_of_one_machine_do_not_crowd_on_its_first_core() -> None:
    allowed, quota = tuple(range(16)), Quota(2.9, "/")
    windows = {within(allowed, quota, f"container-{number}") for number in range(200)}
    assert len(windows) == 16
    assert {len(window) for window in windows} == {2}
    again = within(allowed, quota, "container-1")
    assert again == within(allowed, quota, "container-1")


@given(numbers, st.floats(0.01, 50), st.text(max_size=20), st.text(max_size=20))
def test_a_window_is_of_those_allowed(
    allowed: set[int], quota: float, host: str, group: str
) -> None:
    found = within(tuple(sorted(allowed)), Quota(quota, group), host)
    assert list(found) == sorted(set(found))
    assert set(found) <= allowed
    assert len(found) == min(max(int(quota), 1), len(allowed))


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("0-3", (0, 1, 2, 3)),
        ("0", (0,)),
        ("0-1,4,8-9", (0, 1, 4, 8, 9)),
        ("3,1", (1, 3)),
        ("", ()),
        ("x", ()),
        ("0-", ()),
        ("0,,1", ()),
        ("-1", ()),
        ("999999999999", ()),
    ],
)
def test_lists_of_cores(text: str, found: tuple[int, ...]) -> None:
    assert listed(text) == found


@given(numbers)
def test_a_list_is_read_as_it_was_written(written: set[int]) -> None:
    assert listed(",".join(map(str, written))) == tuple(sorted(written))
    assert listed(in_ranges(written)) == tuple(sorted(written))


def test_numbers_in_a_row_are_written_as_a_range() -> None:
    assert in_ranges((0, 1, 2, 5, 7, 8)) == "0-2,5,7-8"
    assert in_ranges(()) == ""


@given(st.text(alphabet="0123456789,- x\n\u0663", max_size=30))
def test_no_text_breaks_it(text: str) -> None:
    assert all(number >= 0 for number in listed(text))


def test_cores_of_each_memory_node(tmp_path: Path) -> None:
    files = {
        "sys/devices/system/node/node0/cpulist": "0-1,4-5",
        "sys/devices/system/node/node2/cpulist": "2-3",
        # memory alone
        "sys/devices/system/node/node3/cpulist": "",
        "sys/devices/system/node/online": "0,2-3",
        "sys/devices/system/node/node9x/cpulist": "7",
    }
    assert nodes(system(tmp_path, files)) == ((0, 1, 4, 5), (), (2, 3), ())


def test_nodes_that_are_not_known(tmp_path: Path) -> None:
    assert nodes(system(tmp_path, {})) == ()
