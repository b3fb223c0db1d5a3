"""wf itself is killed: the next command finds the truth and says so."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

import pytest

from runner.process import tree
from tests.conftest import hear, kill, until

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

CORES = len(os.sched_getaffinity(0))
WORKFLOW = f"""\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - echo some > model/first.ckpt
      - echo begun
      - echo $$ > "$PID_FILE"
      - for i in {{1..600}}; do sleep 0.1; done
    resources: {{cpu: {CORES}}}
  - name: quick
    provider: bash
    commands: [echo quick]
    resources: {{cpu: {CORES}}}
"""


class Orphan:
    """A job whose wf has been killed."""

    def __init__(self, world: World) -> None:
        pid_file = world.home / "pid"
        wf = world.start("run", "job", PID_FILE=str(pid_file))
        self.pid = int(until(lambda: _text(pid_file), "a job"))
        (self.run,) = world.runs()
        log = world.folder(self.run) / "log"
        until(lambda: b"begun\n" in log.read_bytes(), "what it has written")
        kill(wf)

    @property
    def lives(self) -> bool:
        """Whether its first process does."""
        return tree.alive(self.pid)

    def end(self) -> None:
        """Kill what is left of the job."""
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


@pytest.fixture
def orphan(world: World) -> Iterator[Orphan]:
    world.workflows(WORKFLOW)
    made = Orphan(world)
    yield made
    made.end()


def _text(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None


def status(world: World) -> str:
    (row,) = world.wf("ps", "-a", "--json").json()
    found: str = row["status"]
    return found


def test_it_is_lost_and_its_job_ended(world: World, orphan: Orphan) -> None:
    assert status(world) == "lost"
    assert not orphan.lives
    record = world.record()
    assert record["reason"] == "supervisor_died"
    assert "running" in record["message"]
    assert "of it w" in record["message"]  # one that was, or more that were, ended
    assert record["exit_code"] is None
    assert record["finished_at"] is not None
    # for ever
    assert status(world) == "lost"
    assert [entry["status"] for entry in world.record()["history"]].count("lost") == 1


def test_what_it_left_so_far_is_kept_and_its_workspace_gone(world: World, orphan: Orphan) -> None:
    record = world.record()
    assert [(one["path"], one["files"]) for one in record["artifacts"]] == [("model", 1)]
    assert record["hint"] == f"wf resume {orphan.run}"
    folder = world.folder(orphan.run)
    assert (folder / "artifacts" / "model" / "first.ckpt").read_text() == "some\n"
    assert not (folder / "workspace").exists()
    assert world.wf("logs", "last").out == "begun\n"


@pytest.mark.parametrize("verb", [("show", "last"), ("ps",), ("artifacts", "list", "last")])
def test_whatever_command_comes_first_finds_out(
    world: World, orphan: Orphan, verb: tuple[str, ...]
) -> None:
    assert world.wf(*verb).code == 0
    state = (world.folder(orphan.run) / "state.json").read_text()
    assert '"status": "lost"' in state


def test_its_devices_are_had_by_the_next_one_and_not_before_its_job_has_ended(
    world: World, orphan: Orphan
) -> None:
    done = world.wf("run", "quick", "--no-wait")
    assert (done.code, done.out) == (0, "quick\n")
    assert not orphan.lives


def test_who_waits_gets_the_devices_of_a_run_that_loses_its_wf_meanwhile(world: World) -> None:
    """Nobody types anything."""
    world.workflows(WORKFLOW)
    pid_file = world.home / "pid"
    first = world.start("run", "job", PID_FILE=str(pid_file))
    pid = int(until(lambda: _text(pid_file), "a job"))
    waiting = world.start("run", "quick")
    hear(waiting, b"waiting for")
    kill(first)
    assert waiting.wait(60) == 0
    assert not tree.alive(pid)


def test_what_it_left_can_be_removed(world: World, orphan: Orphan) -> None:
    assert world.wf("rm", orphan.run).code == 0
    assert not orphan.lives
    assert world.runs() == []
    assert world.wf("ps", "-a", "--json").json() == []


def test_the_index_of_a_killed_wf_can_be_made_again(world: World, orphan: Orphan) -> None:
    for path in world.folder(".").parent.glob("index.sqlite*"):
        path.unlink()
    assert status(world) == "lost"
    assert not orphan.lives


def test_commands_at_once_all_find_out(world: World, orphan: Orphan) -> None:
    commands = [world.start("ps", "-a") for _ in range(6)]
    assert [command.wait(60) for command in commands] == [0] * 6
    assert not orphan.lives
    assert [entry["status"] for entry in world.record()["history"]].count("lost") == 1


def test_whoever_looks_into_its_folder_is_no_process_of_it(world: World, orphan: Orphan) -> None:
    """An open file is no sign, nor is a run of the same name in another state folder."""
    with (world.folder(orphan.run) / "lock").open() as lock:
        strangers = [
            subprocess.Popen(["sleep", "600"], stdin=lock),
            subprocess.Popen(
                ["sleep", "600"],
                env={"PATH": os.environ["PATH"], "WF_RUN": orphan.run, "WF_NOTES": "/tmp/notes"},
            ),
        ]
    try:
        assert status(world) == "lost"
        assert [stranger.poll() for stranger in strangers] == [None, None]
        assert not orphan.lives
    finally:
        for stranger in strangers:
            stranger.kill()
            stranger.wait()


def test_a_job_that_asks_does_not_end_itself(world: World, tmp_path: Path) -> None:
    """It leaves its run to those outside, who find it."""
    world.workflows(
        "workflows:\n"
        "  - name: job\n"
        "    provider: bash\n"
        "    commands:\n"
        "      - touch $OUT/begun; until test -e $OUT/killed; do sleep 0.05; done\n"
        "      - $WF ps; echo $? > $OUT/code; sleep 600\n"
    )
    wf = world.start("run", "job", OUT=str(tmp_path), WF=" ".join(world.argv()))
    until((tmp_path / "begun").exists, "a job")
    (run,) = world.runs()
    kill(wf)
    (tmp_path / "killed").touch()
    assert until(lambda: _text(tmp_path / "code"), "the end of its command") == "0"
    assert '"status": "running"' in (world.folder(run) / "state.json").read_text()
    assert status(world) == "lost"


def test_looking_whether_a_run_lives_does_not_make_it_look_alive(
    world: World, orphan: Orphan
) -> None:
    """Two commands that look at the same time must not take each other for the run."""
    from runner.paths import RunPaths
    from runner.records.folder import alive
    from runner.records.supervision import supervised

    orphan.end()
    until(lambda: not _held(world, orphan), "a released lock")
    paths = RunPaths(world.folder(orphan.run))
    answers: set[bool] = set()

    def look() -> None:
        for _ in range(2000):
            answers.update((alive(paths), supervised(paths)))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == {False}


def test_a_run_of_an_older_version_goes_on_while_its_job_lives(
    world: World, orphan: Orphan
) -> None:
    """It had one lock only, which says nothing of its wf."""
    (world.folder(orphan.run) / "supervisor").unlink()
    assert status(world) == "running"
    assert world.wf("rm", orphan.run).code == 64
    orphan.end()
    until(lambda: status(world) == "lost", "a lost run")


@pytest.mark.parametrize("state", ["pending", "provisioning"])
def test_killed_before_the_job_started(world: World, tmp_path: Path, state: str) -> None:
    """While the project is copied, or waiting for devices."""
    world.workflows(WORKFLOW)
    holder = None
    if state == "provisioning":
        pid_file = tmp_path / "pid"
        holder = world.start("run", "job", PID_FILE=str(pid_file))
        until(pid_file.exists, "a job")
        before = set(world.runs())
        wf = world.start("run", "quick")
        name = until(lambda: set(world.runs()) - before, "a second run").pop()
        until(lambda: _says(world, name, "provisioning"), "a waiting run")
    else:
        wf = world.start("run", "quick", PYTHONPATH=str(_slow_copies(tmp_path)))
        until((tmp_path / "asked").exists, "a file being copied")
        (name,) = world.runs()
    kill(wf)
    until(lambda: world.record(name)["status"] == "lost", "a lost run")
    assert state in world.record(name)["message"]
    assert holder is None or holder.poll() is None


def _slow_copies(folder: Path) -> Path:
    """A folder for PYTHONPATH, with which the copying of a file in the kernel stands still."""
    (folder / "slow").mkdir()
    (folder / "slow" / "sitecustomize.py").write_text(
        "import os, time\n"
        "def wait(*_):\n"
        f"    open({str(folder / 'asked')!r}, 'w').close()\n"
        "    time.sleep(600)\n"
        "os.copy_file_range = wait\n"
    )
    return folder / "slow"


def _says(world: World, run: str, word: str) -> bool:
    try:
        return f'"status": "{word}"' in (world.folder(run) / "state.json").read_text()
    except FileNotFoundError:
        return False


def _held(world: World, orphan: Orphan) -> bool:
    """Whether a process still holds the run's lock, asked of the kernel and not of wf."""
    import fcntl

    with (world.folder(orphan.run) / "lock").open() as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False
