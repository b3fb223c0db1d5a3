"""The state folder is moved, removed, of a newer version, or its index is locked, during a run."""

from __future__ import annotations

import shutil
import sqlite3
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration

GONE = "hint: was the folder moved or removed meanwhile?"


def test_it_is_moved_away_and_comes_back(trial: Trial) -> None:
    """Nothing is made in its place; the run is lost, with all that it has left."""
    trial.job("echo begun; echo one > model/a", "gate", "echo whole")
    wf = trial.at_gate()
    run = trial.run
    away = trial.state.with_name("away")
    trial.state.rename(away)
    trial.let_go()
    _, err = wf.communicate(timeout=60)
    assert wf.returncode == 73
    assert "No such file or directory" in err.decode()
    assert GONE in err.decode()
    assert not trial.state.exists()
    away.rename(trial.state)
    assert trial.end() == ("lost", "supervisor_died")
    (artifact,) = trial.world.record(run)["artifacts"]
    assert artifact["files"] == 1
    trial.sound(b"begun\nwhole\n")


@pytest.mark.parametrize("what", ["all", "runs", "run"])
def test_it_is_removed(trial: Trial, what: str) -> None:
    trial.job("echo begun", "gate", "echo whole")
    wf = trial.at_gate()
    folders = {
        "all": trial.state,
        "runs": trial.state / "runs",
        "run": trial.world.folder(trial.run),
    }
    until(lambda: _removed(folders[what]), "the end of the folder")
    trial.let_go()
    _, err = wf.communicate(timeout=60)
    assert wf.returncode == 73
    assert GONE in err.decode()
    assert trial.world.runs() == []
    assert trial.world.wf("ps", "-a").err == "no runs yet; `wf ls` lists what can be run\n"
    trial.sound()


def test_a_newer_version_has_brought_the_index_up_to_date(trial: Trial) -> None:
    """What goes on goes on; this version refuses to begin anything, and says both."""
    trial.job("echo begun; echo one > model/a", "gate", "echo whole")
    wf = trial.at_gate()
    version = _version(trial.state)
    _version(trial.state, version + 1)
    for words in (("ps",), ("run", "plain"), ("stop", "last")):
        done = trial.world.wf(*words)
        assert done.code == 73
        assert f"its schema is {version + 1}, and this wf knows those up to {version}" in done.err
        assert "hint: update wf" in done.err
    trial.let_go()
    assert wf.wait(60) == 0
    assert _version(trial.state) == version + 1
    _version(trial.state, version)
    assert trial.end() == ("succeeded", "exit_code")
    trial.sound(b"begun\nwhole\n")


def test_the_index_is_locked(trial: Trial) -> None:
    """The run goes through all of its life meanwhile, and whoever looks sees that."""
    trial.job("echo begun; echo one > model/a; echo whole")
    assert trial.world.wf("run", "plain").code == 0
    with closing(sqlite3.connect(trial.state / "index.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        assert trial.world.wf("run", "job").code == 0
        assert trial.end() == ("succeeded", "exit_code")
        (newest, _) = trial.world.wf("ps", "-a", "--json").json()
        assert (newest["workflow"], newest["status"]) == ("job", "succeeded")
        other.execute("ROLLBACK")
    assert trial.world.wf("ps").code == 0
    trial.sound(b"begun\nwhole\n")


def _removed(folder: Path) -> bool:
    """Who carries the run out still writes there meanwhile."""
    shutil.rmtree(folder, ignore_errors=True)
    return not folder.exists()


def _version(state: Path, becomes: int | None = None) -> int:
    with closing(sqlite3.connect(state / "index.sqlite", isolation_level=None)) as index:
        if becomes is not None:
            index.execute(f"PRAGMA user_version = {becomes}")
        return int(index.execute("PRAGMA user_version").fetchone()[0])
