"""The environment of a former run, read from its folder."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

from runner.errors import STORAGE, USAGE, WfError
from runner.paths import Home
from runner.plan.environment import LockedRun
from runner.records.locked import locked_run
from runner.records.store import Records

if TYPE_CHECKING:
    from pathlib import Path

    from runner.paths import RunPaths

ENVIRONMENT: dict[str, Any] = {
    "kind": "venv",
    "fingerprint": "0123abcd",
    "python": "3.10.4",
    "as_of": "2022-05-20",
    "lock": ["six==1.16.0", "torch==1.11.0"],
}


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(Home(tmp_path / "state"), lambda: datetime.now(timezone.utc))


@pytest.fixture
def paths(records: Records) -> RunPaths:
    asked = {
        "workflow": "train",
        "executor": "local",
        "plan": {"jobs": [{"command": "", "variables": {}}]},
        "source": {},
    }
    run = records.create(asked, lambda words: words[0])
    run.close()
    put(run.paths)
    return run.paths


def put(paths: RunPaths, **other: Any) -> None:
    """Write the environment of the run."""
    paths.environment.write_text(json.dumps({**ENVIRONMENT, **other}))


def test_it_is_all_that_the_record_says(records: Records, paths: RunPaths) -> None:
    paths.pylock.write_text('lock-version = "1.0"\n')
    name = paths.root.name
    assert locked_run(records, "last") == LockedRun(
        run=name,
        python="3.10.4",
        lock=("six==1.16.0", "torch==1.11.0"),
        pylock='lock-version = "1.0"\n',
        fingerprint="0123abcd",
        as_of="2022-05-20",
    )
    assert locked_run(records, name[:3]).run == name


def test_older_runs_have_no_hashes(records: Records, paths: RunPaths) -> None:
    assert paths.root.is_dir()
    assert locked_run(records, "last").pylock is None


def test_the_runs_own_code_is_not_locked(records: Records, paths: RunPaths) -> None:
    workspace = f"demo @ {paths.workspace.as_uri()}"
    put(paths, lock=["six==1.16.0", workspace, "other @ file:."])
    assert locked_run(records, "last").lock == ("six==1.16.0",)


def test_a_fingerprint_that_leads_elsewhere_is_not_followed(
    records: Records, paths: RunPaths
) -> None:
    put(paths, fingerprint="../../elsewhere")
    assert locked_run(records, "last").fingerprint is None


@pytest.mark.parametrize("lock", [None, 7])
def test_a_record_that_cannot_be_read_is_said(
    records: Records, paths: RunPaths, lock: object
) -> None:
    put(paths, lock=lock)
    with pytest.raises(WfError) as caught:
        locked_run(records, "last")
    assert caught.value.kind == STORAGE
    assert paths.root.name in caught.value.message


@pytest.mark.parametrize("content", [b"\xff", b"# " + b"x" * (1 << 26)], ids=["bytes", "size"])
def test_a_lock_that_cannot_be_read_is_said(
    records: Records, paths: RunPaths, content: bytes
) -> None:
    paths.pylock.write_bytes(content)
    with pytest.raises(WfError) as caught:
        locked_run(records, "last")
    assert caught.value.kind == STORAGE


def test_a_run_without_an_environment_is_said(records: Records, paths: RunPaths) -> None:
    paths.environment.unlink()
    with pytest.raises(WfError) as caught:
        locked_run(records, "last")
    assert caught.value.kind == USAGE
    assert paths.root.name in str(caught.value.hint)
