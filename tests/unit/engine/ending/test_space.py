"""A disk that is full, as a reason for a job that failed."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from runner.engine.ending import space
from runner.engine.ending.verdict import judge
from runner.paths import RunPaths
from runner.process.values import Exit
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MB = 10**6


def disk(free: int, files: int = 1000) -> os.statvfs_result:
    """Blocks of 1 kB; so many of them are free, and so many files can be made."""
    return os.statvfs_result((1000, 1000, 100_000, free // 1000, free // 1000, 9, 9, files, 0, 255))


@pytest.fixture
def disks(monkeypatch: pytest.MonkeyPatch) -> Callable[[os.statvfs_result], None]:
    return lambda found: monkeypatch.setattr(os, "statvfs", lambda _: found)


@pytest.mark.parametrize(
    ("found", "said"),
    [
        (disk(0), "is full (0 B of 100 MB left)"),
        (disk(500_000), "is full (500 kB of 100 MB left)"),
        (disk(90 * MB, files=0), "is full (no file more can be made on it)"),
    ],
)
def test_a_full_disk_is_named(
    tmp_path: Path, disks: Any, found: os.statvfs_result, said: str
) -> None:
    disks(found)
    verdict = space.explained(judge(Exit(1, None)), RunPaths(tmp_path), {})
    assert (verdict.status, verdict.reason, verdict.exit_code) == ("failed", "no_space", 1)
    mount = tmp_path
    while not os.path.ismount(mount):
        mount = mount.parent
    assert verdict.message == f"the job exited with 1; the disk mounted at {mount} {said}"
    assert str(mount) in (verdict.hint or "")
    assert verdict.shell_code == 1


@pytest.mark.parametrize("exited", [Exit(0, None), Exit(None, 15, asked=(15,))])
def test_a_full_disk_is_no_reason_for_other_ends(tmp_path: Path, disks: Any, exited: Exit) -> None:
    disks(disk(0))
    verdict = judge(exited)
    assert space.explained(verdict, RunPaths(tmp_path), {}) == verdict


def test_with_room_a_failure_is_what_it_was(tmp_path: Path, disks: Any) -> None:
    disks(disk(90 * MB))
    verdict = judge(Exit(1, None))
    assert space.explained(verdict, RunPaths(tmp_path), {}) == verdict


def test_what_filled_the_disk_may_be_gone_with_the_job(tmp_path: Path, disks: Any) -> None:
    disks(disk(90 * MB))
    paths = RunPaths(tmp_path)
    folder.write(paths.failure, {"cause": "no_space"})
    verdict = judge(Exit(1, None))
    assert space.explained(verdict, paths, {}) == verdict._replace(reason="no_space")


def test_temporary_files_may_lie_elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = tmp_path / "elsewhere"
    full = {str(elsewhere): disk(0)}
    monkeypatch.setattr(os, "statvfs", lambda path: full.get(path, disk(90 * MB)))
    verdict = judge(Exit(1, None))
    assert space.explained(verdict, RunPaths(tmp_path), {}) == verdict
    there = space.explained(verdict, RunPaths(tmp_path), {"TMPDIR": str(elsewhere)})
    assert there.reason == "no_space"
