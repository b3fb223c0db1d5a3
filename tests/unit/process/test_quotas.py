"""What control groups allow: all groups on the way count, in both versions."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.process.quotas import Allowance, Quota, allowance
from tests.fakes.system import system

OURS = {"proc/self/cgroup": "0::/user.slice/user-7.slice/session-1.scope"}
USER = "sys/fs/cgroup/user.slice/user-7.slice"
OWN = {f"{USER}/session-1.scope/cgroup.procs": "1"}
GIB = 2**30


def allowed(folder: Path, files: dict[str, str]) -> Allowance:
    return allowance(Path(system(folder, files).proc, "self"))


@pytest.mark.parametrize("files", [{}, {**OURS, **OWN}])
def test_no_group_allows_everything(tmp_path: Path, files: dict[str, str]) -> None:
    assert allowed(tmp_path, files) == (None, None)


def test_the_group_on_the_way_that_allows_least_decides(tmp_path: Path) -> None:
    found = allowed(
        tmp_path,
        {
            **OURS,
            "sys/fs/cgroup/user.slice/cpu.max": "800000 100000",
            f"{USER}/cpu.max": "250000 100000",
            f"{USER}/session-1.scope/cpu.max": "max 100000",
            "sys/fs/cgroup/user.slice/memory.max": str(8 * GIB),
            f"{USER}/memory.max": str(4 * GIB),
            f"{USER}/session-1.scope/memory.max": "max",
        },
    )
    assert found.quota == Quota(2.5, "/user.slice/user-7.slice")
    assert found.memory == 4 * GIB


def test_a_group_beside_the_way_does_not_count(tmp_path: Path) -> None:
    beside = {f"{USER}/session-2.scope/cpu.max": "1000 100000"}
    assert allowed(tmp_path, {**OURS, **OWN, **beside}).quota is None


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    found = allowed(
        tmp_path,
        {
            "proc/self/cgroup": "5:cpu,cpuacct:/batch/a\n4:memory:/batch\n0::/",
            "sys/fs/cgroup/cpu,cpuacct/batch/a/cpu.cfs_quota_us": "-1",
            "sys/fs/cgroup/cpu,cpuacct/batch/a/cpu.cfs_period_us": "100000",
            "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us": "150000",
            "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us": "50000",
            "sys/fs/cgroup/memory/batch/memory.limit_in_bytes": str(GIB),
            "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
        },
    )
    assert found == (Quota(3.0, "/batch"), GIB)


def test_version_2_beside_version_1(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "0::/user.slice",
        "sys/fs/cgroup/unified/user.slice/cpu.max": "100000 100000",
    }
    assert allowed(tmp_path, files).quota == Quota(1.0, "/user.slice")


def test_within_a_container_the_top_is_our_group(tmp_path: Path) -> None:
    groups = tmp_path / "sys" / "fs" / "cgroup"
    files = {
        "proc/self/cgroup": "0::/docker/4f2a",
        "proc/self/mountinfo": f"31 23 0:28 /docker/4f2a {groups} rw - cgroup2 cgroup2 rw\n",
        "sys/fs/cgroup/cpu.max": "200000 100000",
        "sys/fs/cgroup/memory.max": str(GIB),
    }
    assert allowed(tmp_path, files) == (Quota(2.0, "/."), GIB)


@given(st.text(max_size=40), st.text(max_size=40))
def test_garbage_limits_nothing_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, group: str, said: str
) -> None:
    files = {
        "proc/self/cgroup": f"0::/\n{group}",
        "sys/fs/cgroup/cpu.max": f"x{said}",
        "sys/fs/cgroup/memory.max": f"x{said}",
    }
    assert allowed(tmp_path_factory.mktemp("garbage"), files) == (None, None)
