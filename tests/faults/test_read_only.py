"""Folders that cannot be written: what is there can be read, and what cannot be done is said.

``tests/integration/test_lock_folder.py`` has the lock folder, ``test_environment_faults.py`` a
cache with environments in it.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until
from tests.faults.mounts import Disk, own_mounts

if TYPE_CHECKING:
    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration

READING = (
    # what looks at GPUs ends a moment after who has asked
    ("runners",), ("plan", "plain"),
    ("ps", "-a"), ("show", "last"), ("logs", "last"), ("wait", "last"),
    ("artifacts", "tree", "last"), ("env", "list"), ("tags", "list"),
)  # fmt: skip
ELSEWHERE = "hint: set WF_HOME to a folder that can be written\n"


def test_the_state_folder(trial: Trial) -> None:
    trial.job("echo begun; echo one > model/a")
    with own_mounts():
        disk = Disk(trial.state)
        assert trial.world.wf("run", "job").code == 0
        disk.read_only()
        for words in READING:
            done = trial.world.wf(*words)
            assert (done.code, "error" in done.err, "warning" in done.err) == (0, False, False)
        for words in (("run", "job"), ("run", "-d", "job"), ("rm", "last")):
            done = trial.world.wf(*words)
            assert done.code == 73
            assert "Read-only file system" in done.err
            assert str(disk.folder) in done.err
        assert trial.world.wf("run", "job").err.endswith(ELSEWHERE)
        disk.writable()
        trial.sound(b"begun\n")


def test_one_in_which_nothing_has_been(trial: Trial) -> None:
    """Not even an index can be made."""
    trial.job("echo begun")
    with own_mounts():
        disk = Disk(trial.state)
        disk.read_only()
        assert trial.world.wf("ps").err == "no runs yet; `wf ls` lists what can be run\n"
        done = trial.world.wf("run", "job")
        assert done.code == 73
        assert "Read-only file system" in done.err
        disk.writable()
        trial.sound()


def test_one_whose_index_was_taken_away(trial: Trial) -> None:
    """The folders of the runs are read instead."""
    trial.job("echo begun")
    with own_mounts():
        disk = Disk(trial.state)
        assert trial.world.wf("run", "job").code == 0
        for path in disk.folder.glob("index.sqlite*"):
            path.unlink()
        disk.read_only()
        assert trial.end() == ("succeeded", "exit_code")
        disk.writable()
        trial.sound(b"begun\n")


def test_a_lost_run_in_it(trial: Trial) -> None:
    """Its end cannot be written, which is said; and it is once that can be done again."""
    trial.job("echo begun", "gate")
    with own_mounts():
        disk = Disk(trial.state)
        wf, supervisor = trial.at_point("before-start")
        wf.kill()
        wf.wait()
        os.kill(supervisor, signal.SIGKILL)
        until(lambda: not os.path.exists(f"/proc/{supervisor}"), "its end")
        disk.read_only()
        done = trial.world.wf("ps", "-a")
        assert done.code == 0
        assert "running" in done.out
        assert "lost its wf, and cannot be brought to its end" in done.err
        assert "Read-only file system" in done.err
        assert trial.world.wf("wait", "last").code == 71
        disk.writable()
        assert trial.end() == ("lost", "supervisor_died")
        trial.sound()


def test_an_empty_cache(trial: Trial) -> None:
    trial.job("echo begun")
    with own_mounts():
        disk = Disk(trial.world.home / "cache", size="32m")
        trial.world.variables["WF_CACHE"] = str(disk.folder)
        disk.read_only()
        done = trial.world.wf("run", "job")
        assert done.code == 78
        assert "Read-only file system" in done.err
        assert "hint: set WF_CACHE to a folder that can be" in done.err
        assert trial.end() == ("failed", "environment")
        disk.writable()
        trial.sound()
