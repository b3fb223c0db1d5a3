"""What control groups allow: all groups on the way count, in both versions."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.process.quotas import MemoryLimit, Quota, cpu_quota, memory_limit
from tests.fakes.system import system

if TYPE_CHECKING:
    from pathlib import Path

OURS = {"proc/self/cgroup": "0::/user.slice/user-7.slice/session-1.scope"}
USER = "sys/fs/cgroup/user.slice/user-7.slice"
GIB = 2**30


def quota(folder: Path, files: dict[str, str]) -> Quota | None:
    roots = system(folder, files)
    return cpu_quota(roots.proc, roots.sys)


def limit(folder: Path, files: dict[str, str]) -> MemoryLimit | None:
    roots = system(folder, files)
    return memory_limit(roots.proc, roots.sys)


def test_no_group_allows_everything(tmp_path: Path) -> None:
    assert quota(tmp_path, {}) is None
    assert limit(tmp_path, {}) is None


def test_the_group_on_the_way_that_allows_least_decides(tmp_path: Path) -> None:
    found = quota(
        tmp_path,
        {
            **OURS,
            "sys/fs/cgroup/user.slice/cpu.max": "800000 100000",
            f"{USER}/cpu.max": "250000 100000",
            f"{USER}/session-1.scope/cpu.max": "max 100000",
        },
    )
    assert found == Quota(2.5, "/user.slice/user-7.slice")


def test_a_group_beside_the_way_does_not_count(tmp_path: Path) -> None:
    assert quota(tmp_path, {**OURS, f"{USER}/session-2.scope/cpu.max": "1000 100000"}) is None


def test_memory_of_version_2(tmp_path: Path) -> None:
    found = limit(
        tmp_path,
        {
            **OURS,
            f"{USER}/memory.max": str(4 * GIB),
            f"{USER}/session-1.scope/memory.max": "max",
            "sys/fs/cgroup/user.slice/memory.max": str(8 * GIB),
        },
    )
    assert found == MemoryLimit(4 * GIB, "/user.slice/user-7.slice")


def test_version_1_has_a_tree_for_each_controller(tmp_path: Path) -> None:
    files = {
        "proc/self/cgroup": "5:cpu,cpuacct:/batch/a\n4:memory:/batch\n0::/",
        "sys/fs/cgroup/cpu,cpuacct/batch/a/cpu.cfs_quota_us": "-1",
        "sys/fs/cgroup/cpu,cpuacct/batch/a/cpu.cfs_period_us": "100000",
        "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_quota_us": "150000",
        "sys/fs/cgroup/cpu,cpuacct/batch/cpu.cfs_period_us": "50000",
        "sys/fs/cgroup/memory/batch/memory.limit_in_bytes": str(GIB),
        "sys/fs/cgroup/memory/memory.limit_in_bytes": "9223372036854771712",
    }
    assert quota(tmp_path, files) == Quota(3.0, "/batch")
    assert limit(tmp_path, files) == MemoryLimit(GIB, "/batch")


def test_version_2_beside_version_1(tmp_path: Path) -> None:
    files = {**OURS, "sys/fs/cgroup/unified/user.slice/cpu.max": "100000 100000"}
    assert quota(tmp_path, files) == Quota(1.0, "/user.slice")


@pytest.mark.parametrize("path", ["/docker/4f2a", "/../../elsewhere"])
def test_within_a_container_the_root_is_our_group(tmp_path: Path, path: str) -> None:
    files = {
        "proc/self/cgroup": f"0::{path}",
        "sys/fs/cgroup/cpu.max": "200000 100000",
        "sys/fs/cgroup/memory.max": str(GIB),
    }
    assert quota(tmp_path, files) == Quota(2.0, "/")
    assert limit(tmp_path, files) == MemoryLimit(GIB, "/")


@given(st.text(max_size=40), st.text(max_size=40))
def test_garbage_limits_nothing_and_breaks_nothing(
    tmp_path_factory: pytest.TempPathFactory, group: str, said: str
) -> None:
    folder = tmp_path_factory.mktemp("garbage")
    files = {
        "proc/self/cgroup": group,
        "sys/fs/cgroup/cpu.max": f"x{said}",
        "sys/fs/cgroup/memory.max": f"x{said}",
    }
    assert quota(folder, files) is None
    assert limit(folder, files) is None
