"""What reaches the disk when: nothing of a run that goes on, everything before its end is told."""

from __future__ import annotations

import errno
import os
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.errors import STORAGE, WfError
from runner.paths import Home
from runner.records import folder
from runner.records.store import Records

if TYPE_CHECKING:
    from runner.records.opened import OpenRun


@pytest.fixture
def run(tmp_path: Path) -> OpenRun:
    records = Records(Home(tmp_path / "state"), lambda: datetime.now(timezone.utc))
    asked = {"workflow": "train", "executor": "local", "plan": {}, "source": {}}
    return records.create(asked, lambda words: words[0])


@pytest.fixture
def flushed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the files that were brought to the disk, in order."""
    names: list[str] = []
    really = os.fsync

    def fsync(descriptor: int) -> None:
        names.append(Path(os.readlink(f"/proc/self/fd/{descriptor}")).name)
        really(descriptor)

    monkeypatch.setattr(os, "fsync", fsync)
    return names


def go_on(run: OpenRun) -> None:
    run.advance("provisioning")
    folder.write(run.paths.environment, {"kind": "venv"}, durable=False)
    run.advance("running")
    folder.put(run.paths.pylock, b"lock", durable=False)
    run.advance("collecting")
    folder.write(run.paths.usage, {"wall_seconds": 1}, durable=False)


def test_a_run_that_goes_on_is_not_flushed(run: OpenRun, flushed: list[str]) -> None:
    go_on(run)
    assert flushed == []
    run.close()


def test_its_end_is_flushed_after_all_that_was_written_of_it(
    run: OpenRun, flushed: list[str]
) -> None:
    go_on(run)
    run.advance("succeeded", reason="exit_code", message="", exit_code=0)
    *before, end = flushed
    assert sorted(before) == ["environment.json", "pylock.toml", "submitted.json", "usage.json"]
    assert end == "state.json.new"
    run.close()


def test_a_disk_that_fails_is_told_and_no_end_is_written(
    run: OpenRun, monkeypatch: pytest.MonkeyPatch
) -> None:
    go_on(run)

    def fails(_descriptor: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fails)
    with pytest.raises(WfError) as caught:
        run.advance("succeeded", reason="exit_code", message="", exit_code=0)
    assert caught.value.kind == STORAGE
    known = folder.read_state(run.paths)
    assert known is not None
    assert known.status == "collecting"
    run.close()
