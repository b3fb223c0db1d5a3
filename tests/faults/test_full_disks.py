"""A disk that is full from a named point of a run on: what is said, what is kept, what goes on.

``tests/integration/test_full_disk.py`` and ``test_logs.py`` have jobs that fill it themselves,
``test_environment_faults.py`` has a full cache.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from tests.faults.mounts import Disk, own_mounts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.faults.trial import Trial

pytestmark = pytest.mark.integration

SAID = b"begun\nwhole\n"
REFUSED = ("failed", "storage", 73)
DONE = ("succeeded", "exit_code", 0)
# what comes of a run whose disk is full from there on
ENDS = {
    # nothing was begun yet that would be lost
    **dict.fromkeys(("made", "code-placed", "environment-ready", "leased"), REFUSED),
    # the job is not ended for notes and for a log that have no room; it ends as it will
    **dict.fromkeys(("before-start", "started"), ("failed", "no_space", 1)),
    # the job has ended well, and there is room for the last words
    **dict.fromkeys(("ended", "verdict-written", "collecting", "collected"), DONE),
    **dict.fromkeys(("manifest-written", "cleared", "end-written"), DONE),
}
READING = (
    # what looks at GPUs ends a moment after who has asked
    ("runners",), ("plan", "plain"),
    ("ps", "-a"), ("ps", "--json"), ("show", "last"), ("logs", "last"), ("ls",),
    ("artifacts", "tree", "last"), ("env", "list"), ("tags", "list"),
)  # fmt: skip


@contextmanager
def small_disk(trial: Trial) -> Iterator[Disk]:
    """The state folder on a disk of its own, with a run on it."""
    with own_mounts():
        disk = Disk(trial.state)
        assert trial.world.wf("run", "plain").code == 0
        yield disk


def can_be_read(trial: Trial) -> None:
    for words in READING:
        done = trial.world.wf(*words)
        assert done.code == 0, words
        assert "error" not in done.err
        assert "warning" not in done.err


@pytest.mark.parametrize("point", ENDS)
def test_full_from(trial: Trial, point: str) -> None:
    status, reason, code = ENDS[point]
    trial.job("echo begun; echo one > model/first.ckpt || exit 1; echo whole")
    with small_disk(trial) as disk:
        if point == "started":  # what it writes comes after
            trial.job("echo begun; gate() { until test -e $GATE; do sleep 0.02; done; }; gate",
                      "echo one > model/first.ckpt || exit 1; echo whole")  # fmt: skip
        wf, supervisor = trial.at_point(point)
        disk.fill()
        trial.let_go()
        trial.go_on(supervisor)
        _, err = wf.communicate(timeout=60)
        assert wf.returncode == code, err
        row = trial.world.wf("ps", "-a", "--json").json()[0]
        assert (row["status"], row["reason"]) == (status, reason)
        record = trial.world.record(trial.run)
        if code:
            full = f"the disk mounted at {disk.folder} is full"
            assert full in record["message"]
            assert full in err.decode()
            assert f"make room: du -xh -d1 {disk.folder}" in record["hint"]
        else:
            assert [one["files"] for one in record["artifacts"]] == [1]
        disk.make_room()
        trial.sound(SAID, whole=code == 0)


def test_full_before_there_is_anything(trial: Trial) -> None:
    """Not even an index can be made."""
    trial.job("echo begun")
    with own_mounts():
        disk = Disk(trial.state)
        disk.fill()
        done = trial.world.wf("run", "job")
        assert done.code == 73
        assert f"the disk mounted at {disk.folder} is full" in done.err
        assert trial.world.wf("ps").err == "no runs yet; `wf ls` lists what can be run\n"
        disk.make_room()
        assert trial.world.runs() == []
        trial.sound()


def test_what_is_there_can_be_read(trial: Trial) -> None:
    trial.job("echo begun")
    with small_disk(trial) as disk:
        disk.fill()
        can_be_read(trial)
        disk.make_room()
        trial.sound()


def test_no_file_more(trial: Trial) -> None:
    """Room for bytes, but not for names."""
    trial.job("echo begun")
    with own_mounts():
        disk = Disk(trial.state, size="4m,nr_inodes=100")
        assert trial.world.wf("run", "plain").code == 0
        disk.use_up_names()
        done = trial.world.wf("run", "job")
        assert done.code == 73
        assert f"the disk mounted at {disk.folder} is full (no file more" in done.err
        can_be_read(trial)
        disk.make_room()
        trial.sound()


def test_the_folder_for_temporary_files_is_full(trial: Trial) -> None:
    """The job's own failure, explained."""
    trial.job('echo begun; echo much > "$TMPDIR/file" || exit 5')
    with own_mounts():
        disk = Disk(trial.world.home / "temporary")
        disk.fill()
        done = trial.world.wf("run", "job", TMPDIR=str(disk.folder))
        assert done.code == 5
        assert trial.end() == ("failed", "no_space")
        assert f"the disk mounted at {disk.folder} is full" in done.err
        assert trial.log().startswith(b"begun\n")
        trial.sound()


def test_the_cache_is_full(trial: Trial) -> None:
    trial.job("echo begun")
    with own_mounts():
        disk = Disk(trial.world.home / "cache", size="32m")
        trial.world.variables["WF_CACHE"] = str(disk.folder)
        disk.fill()
        done = trial.world.wf("run", "job")
        assert done.code == 78
        assert f"no space left on {disk.folder}" in done.err
        assert trial.end() == ("failed", "environment")
        disk.make_room()
        trial.sound()
