"""Room for the last words on a run."""

from __future__ import annotations

import errno
import json
import os
from typing import TYPE_CHECKING

import pytest

from runner.errors import STORAGE, WfError
from runner.paths import RunPaths
from runner.records import folder, reserve

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def full(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RunPaths:
    """A disk on which nothing can be synced as long as the reserve is there."""
    paths, sync = RunPaths(tmp_path), os.fsync

    def fsync(descriptor: int) -> None:
        if paths.reserve.exists():
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        sync(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return paths


def test_it_takes_room(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path)
    reserve.keep(paths)
    assert paths.reserve.stat().st_blocks * 512 >= 1 << 16
    assert reserve.let_go(tmp_path)
    assert not reserve.let_go(tmp_path)


def test_what_lasts_is_written_in_its_place(full: RunPaths) -> None:
    reserve.keep(full)
    folder.write(full.verdict, {"a": 1})
    assert json.loads(full.verdict.read_bytes()) == {"a": 1}
    assert os.listdir(full.root) == ["verdict.json"]


def test_without_it_the_file_is_named_and_nothing_is_left(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", fsync)
    paths = RunPaths(tmp_path)
    reserve.keep(paths)
    with pytest.raises(WfError) as caught:
        folder.write(paths.verdict, {"a": 1})
    assert caught.value.kind == STORAGE
    assert str(paths.verdict) in caught.value.message
    assert os.listdir(tmp_path) == []


def test_another_mistake_leaves_it_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fsync(_: int) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    monkeypatch.setattr(os, "fsync", fsync)
    paths = RunPaths(tmp_path)
    reserve.keep(paths)
    with pytest.raises(WfError):
        folder.write(paths.verdict, {"a": 1})
    assert paths.reserve.exists()
