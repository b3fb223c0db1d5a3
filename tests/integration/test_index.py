"""The index under real processes: many who write at once, one who does not let go, bad disks."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from contextlib import closing
from typing import TYPE_CHECKING

import pytest

from runner.paths import Home
from runner.records import behind
from tests.conftest import Result, program, require
from tests.unit.records.made import make, records_of

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

WRITER = """
import sys
from datetime import datetime, timezone
from pathlib import Path
from runner.compose import choose
from runner.paths import Home
from runner.records.store import Records
from tests.unit.records.made import asked

records = Records(Home(Path(sys.argv[1])), lambda: datetime.now(timezone.utc))
for _ in range(int(sys.argv[2])):
    run = records.create(asked(), choose)
    for status in ("provisioning", "running", "collecting", "succeeded"):
        run.advance(status)
    run.close()
"""
JOB = "workflows:\n  - {name: job, provider: bash, commands: [echo said]}\n"


def test_two_write_at_once(tmp_path: Path) -> None:
    """A thousand runs, each moved on four times, by two processes that know nothing of another."""
    words = [sys.executable, "-c", WRITER, str(tmp_path), "500"]
    writers = [subprocess.Popen(words, stderr=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        _, said = writer.communicate()
        assert (writer.returncode, said) == (0, b"")
    home = Home(tmp_path)
    records = records_of(home)

    def told() -> dict[str, str]:
        return {row.name: row.status for row in records.index().newest()}

    # who had to be patient for too long has left a mark
    late = set(behind.marked(home))
    listed = told()
    assert listed.keys() | late == set(os.listdir(home.runs))
    assert {listed[name] for name in listed.keys() - late} <= {"succeeded"}
    assert records.settle() == []
    listed = told()
    assert len(listed) == 1000
    assert set(listed) == set(os.listdir(home.runs))
    assert set(listed.values()) == {"succeeded"}
    assert records.index().unfinished() == []


def test_a_run_goes_on_while_somebody_keeps_the_index_locked(world: World) -> None:
    world.workflows(JOB)
    assert world.wf("run", "job").code == 0
    (before,) = world.runs()
    home = Home(world.home / "state")
    with closing(sqlite3.connect(home.database, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        done = world.wf("run", "job")
        assert (done.code, done.out) == (0, "said\n")
        (run,) = set(world.runs()) - {before}
        # who only reads is not held up, and is told of all
        listed = world.wf("ps", "-a", "--json").json()
        assert [one["name"] for one in listed] == [run, before]
        assert world.record(run)["status"] == "succeeded"
    listed = world.wf("ps", "-a", "--json").json()
    assert [(one["name"], one["status"]) for one in listed] == [
        (run, "succeeded"),
        (before, "succeeded"),
    ]


def on_a_disk(world: World, size: str, script: str) -> Result:
    """A script of `wf` commands on a state folder with a disk of its own."""
    if os.geteuid() != 0:
        require("root", "only root has mounts of its own")
    require("unshare", program("unshare"))
    state = world.home / "state"
    state.mkdir()
    wf = " ".join(world.argv())
    whole = f'mount -t tmpfs -o size={size} none "$WF_HOME"\nwf() {{ {wf} "$@"; }}\n{script}'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", whole],
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


def test_earlier_runs_can_be_read_and_removed_on_a_full_disk(world: World) -> None:
    world.workflows(JOB)
    done = on_a_disk(
        world,
        "3m",
        """
        wf run job >/dev/null 2>&1 && wf run job >/dev/null 2>&1 || exit 1
        dd if=/dev/zero of="$WF_HOME/much" bs=4k 2>/dev/null
        wf run job
        echo "run $?"
        wf ps -a --json | grep -c succeeded
        wf logs last
        wf show last >/dev/null && wf rm last && wf ps -a --json | grep -c succeeded
        rm "$WF_HOME/much"
        wf run job >/dev/null 2>&1; echo "run $?"
        wf ps -a --json | grep -c succeeded
        ls "$WF_HOME/starting" "$WF_HOME/removed" | grep -v : | wc -w
        """,
    )
    assert done.out.splitlines() == ["run 73", "2", "said", "1", "run 0", "2", "0"], done.err
    assert "No space left on device" in done.err
    assert "Traceback" not in done.err


@pytest.mark.parametrize("left", ["", 'rm "$WF_HOME"/index.sqlite-*'], ids=["as it is", "alone"])
def test_a_state_folder_that_is_read_only_can_be_read(world: World, left: str) -> None:
    world.workflows(JOB)
    done = on_a_disk(
        world,
        "3m",
        f"""
        wf run job >/dev/null 2>&1 || exit 1
        {sys.executable} -c 'import os, sqlite3
sqlite3.connect(os.environ["WF_HOME"] + "/index.sqlite").execute("PRAGMA wal_checkpoint(TRUNCATE)")'
        {left}
        mount -o remount,ro "$WF_HOME"
        wf ps -a --json | grep -c succeeded
        wf logs last
        wf show last >/dev/null; echo "show $?"
        wf run job; echo "run $?"
        wf rm last; echo "rm $?"
        """,
    )
    assert done.out.splitlines() == ["1", "said", "show 0", "run 73", "rm 73"], done.err
    assert done.err.count("Read-only file system") == 2
    assert "Traceback" not in done.err


def test_a_newer_index_is_refused_by_whoever_reads_it(world: World) -> None:
    home = Home(world.home / "state")
    make(home, "old-fox-1")
    world.wf("ps")
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute("PRAGMA user_version = 99")
    world.workflows(JOB)
    for words in (("ps",), ("show", "old-fox-1"), ("prune",), ("rm", "old-fox-1")):
        refused = world.wf(*words)
        assert refused.code == 73, words
        assert "made by a newer wf: its schema is 99" in refused.err
    assert world.runs() == ["old-fox-1"]
