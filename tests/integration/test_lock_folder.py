"""A lock folder that is full, read-only, far away, or full of traps: what the command says of it.

And what else a machine does to those who lease from it: stopped processes, clocks that jump,
process ids that come back. ``tests/unit/allocation`` has the same faults one layer below.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.allocation.locks import ofd
from tests.conftest import (
    PATIENCE_SECONDS,
    ROOT,
    Result,
    children,
    hear,
    kill,
    program,
    require,
    until,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import World

pytestmark = pytest.mark.integration

CORES = len(os.sched_getaffinity(0))
NOBODY = 65534
TABLE = "wf-devices"
WORKFLOW = f"""\
workflows:
  - name: any
    provider: bash
    commands: [echo done]
  - name: all
    provider: bash
    commands:
      - if [ -z "$GATE" ]; then exit 0; fi
      - touch "$GATE.ready"
      - until [ -e "$GATE" ]; do sleep 0.02; done
    resources: {{cpu: {CORES}}}
"""


@pytest.fixture
def project(world: World) -> World:
    world.workflows(WORKFLOW)
    return world


def locks(world: World) -> Path:
    return Path(world.variables["WF_LOCKS"])


def shared(world: World) -> Path:
    """The lock folder as an administrator makes it."""
    folder = locks(world)
    folder.mkdir(exist_ok=True)
    folder.chmod(0o1777)
    return folder


def within(world: World, script: str, *words: str) -> Result:
    """``wf WORDS`` with mounts of its own, which ``script`` makes."""
    if os.geteuid() != 0:
        require("root", "only root has mounts of its own")
    require("unshare", program("unshare"))
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-ec", f'{script}\nexec "$@"', "sh", *world.argv(*words)],
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout, done.stderr)


class Holder:
    """A run that has all cores until it is let go."""

    def __init__(self, world: World, folder: Path, **variables: Any) -> None:
        folder.mkdir(parents=True)
        self._gate = folder / "gate"
        self.process = world.start("run", "all", GATE=str(self._gate), **variables)

    def has_started(self) -> bool:
        return self._gate.with_name("gate.ready").exists()

    def wait_until_it_runs(self) -> Holder:
        until(self.has_started, "a job that holds all cores")
        return self

    def let_go(self) -> int:
        self._gate.touch()
        return self.process.wait(PATIENCE_SECONDS)


# --- folders that cannot serve ----------------------------------------------------------------


MOUNT = 'mount -t tmpfs -o mode=1777,{options} none "$WF_LOCKS"'
READ_ONLY = MOUNT.format(options="size=64k") + '\nmount -o remount,ro "$WF_LOCKS"'
NO_INODES = MOUNT.format(options="size=64k,nr_inodes=1")
NO_SPACE = (
    MOUNT.format(options="size=16k") + '\ndd if=/dev/zero of="$WF_LOCKS/much" 2>/dev/null || true'
)


@pytest.mark.parametrize(
    ("script", "said"),
    [
        (READ_ONLY, "Read-only file system"),
        (NO_INODES, "No space left on device"),
        (NO_SPACE, "No space left on device"),
    ],
    ids=["read-only", "no inodes", "no space"],
)
def test_a_folder_that_cannot_be_written_is_said_with_its_name(
    project: World, script: str, said: str
) -> None:
    folder = shared(project)
    done = within(project, script, "run", "all")
    assert done.code == 73, done.err
    assert said in done.err
    assert str(folder) in done.err
    assert "hint: " in done.err
    assert "Traceback" not in done.err
    # who asks for no device needs no folder
    assert within(project, script, "run", "any").code == 0
    # and once there is room, everything is as ever
    assert project.wf("run", "all").code == 0


@pytest.mark.parametrize("kind", ["nfs4", "cifs", "lustre", "fuse.sshfs"])
def test_a_network_file_system_is_refused(project: World, tmp_path: Path, kind: str) -> None:
    """As the kernel tells of mounts: the same folder, but for the word in that list."""
    require("gcc", program("gcc"))
    shared(project)
    table, library = tmp_path / "mountinfo", tmp_path / "mounts.so"
    source = Path(__file__).parents[1] / "fakes/mounts.c"
    command = ["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"]
    subprocess.run([*map(str, command)], check=True)
    script = (
        MOUNT.format(options="size=64k")
        + f'\nsed "s/ - tmpfs none / - {kind} server:\\/export /" /proc/$$/mountinfo > {table}'
        + f"\nexport MOUNTS_TOLD={table} LD_PRELOAD={library}"
    )
    done = within(project, script, "run", "all")
    assert done.code == 73, done.err
    assert f"({kind})" in done.err
    assert "WF_LOCKS" in done.err
    assert within(project, script, "run", "any").code == 0


def test_a_folder_in_which_anybody_may_remove_anything_is_refused(project: World) -> None:
    shared(project).chmod(0o777)
    done = project.wf("run", "all")
    assert done.code == 73
    assert "chmod 1777" in done.err


# --- what somebody else may have put there ----------------------------------------------------


def link(path: Path, victim: Path) -> None:
    path.symlink_to(victim)


def second_name(path: Path, victim: Path) -> None:
    path.hardlink_to(victim)


def pipe(path: Path, _victim: Path) -> None:
    os.mkfifo(path)


def folder_of_that_name(path: Path, _victim: Path) -> None:
    path.mkdir()


def closed_file(path: Path, _victim: Path) -> None:
    path.touch(0o600)


TRAPS = [link, second_name, pipe, folder_of_that_name]


def by_nobody(path: Path) -> None:
    if os.geteuid() != 0:
        require("root", "only root can give files to others")
    os.lchown(path, NOBODY, NOBODY)


@pytest.mark.parametrize("trap", TRAPS)
def test_a_trap_in_place_of_the_table_is_named_with_its_owner(
    project: World, tmp_path: Path, trap: Callable[[Path, Path], None]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    planted = shared(project) / TABLE
    trap(planted, victim)
    by_nobody(planted)
    done = project.wf("run", "all")
    assert done.code == 73
    assert str(planted) in done.err
    assert "nobody" in done.err
    assert victim.read_text() == "precious"


@pytest.mark.parametrize("trap", [*TRAPS, closed_file])
@pytest.mark.parametrize("name", ["wf-run-00000000", f"wf-wait-{1:012}-{'0' * 16}-{'0' * 8}"])
def test_a_trap_in_place_of_a_claim_or_a_place_is_passed_by(
    project: World, tmp_path: Path, name: str, trap: Callable[[Path, Path], None]
) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    planted = shared(project) / name
    trap(planted, victim)
    by_nobody(planted)
    done = project.wf("run", "all", "--no-wait")
    assert done.code == 0, done.err
    assert victim.read_text() == "precious"


WORDS = {
    "nothing": b"",
    "garbage": os.urandom(1 << 12),
    "much": b"0" * (1 << 22),
    "another document": b'{"cores": "0-63", "gpus": ["GPU-0"], "memory": "0-9999999"}\n',
}


@pytest.mark.parametrize("content", WORDS.values(), ids=WORDS.keys())
@pytest.mark.parametrize("name", ["wf-run-00000000", f"wf-wait-{1:012}-{'0' * 16}-{'0' * 8}"])
def test_what_somebody_else_wrote_and_holds_does_not_stop_anybody(
    project: World, name: str, content: bytes
) -> None:
    planted = shared(project) / name
    planted.write_bytes(content)
    planted.chmod(0o666)
    by_nobody(planted)
    with planted.open("r+b") as held:
        assert ofd.hold_file(held.fileno())
        done = project.wf("run", "all", "--no-wait")
    assert done.code == 0, done.err
    assert planted.exists()


# --- those who stand in the way ---------------------------------------------------------------


@pytest.fixture
def stopped(project: World) -> Iterator[subprocess.Popen[bytes]]:
    """A process that stopped while it was choosing devices."""
    assert project.wf("run", "all").code == 0  # makes the table
    code = "import fcntl, sys, time; held = open(sys.argv[1], 'r+b'); fcntl.flock(held, 2)\n"
    code += "print('inside', flush=True); time.sleep(600)"
    process = subprocess.Popen(
        [sys.executable, "-c", code, str(locks(project) / TABLE)], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    process.stdout.readline()
    process.send_signal(signal.SIGSTOP)
    yield process
    process.kill()
    process.communicate()


def test_whoever_is_stuck_where_all_must_pass_is_named(
    project: World, stopped: subprocess.Popen[bytes]
) -> None:
    refused = project.wf("run", "all", "--no-wait")
    assert refused.code == 75
    assert f"process {stopped.pid}" in refused.err
    waiting = project.start("run", "all")
    hear(waiting, b"process %d" % stopped.pid)
    stopped.kill()
    assert waiting.wait(PATIENCE_SECONDS) == 0


def test_a_killed_waiter_holds_nobody_up(project: World, tmp_path: Path) -> None:
    holder = Holder(project, tmp_path / "holder").wait_until_it_runs()
    first, second = Holder(project, tmp_path / "first"), Holder(project, tmp_path / "second")
    for waiter in (first, second):
        hear(waiter.process, b"waiting for")
    kill(first.process)
    assert holder.let_go() == 0
    second.wait_until_it_runs()
    assert second.let_go() == 0


def test_a_stopped_waiter_is_passed_and_has_its_turn_later(project: World, tmp_path: Path) -> None:
    holder = Holder(project, tmp_path / "holder").wait_until_it_runs()
    first, second = Holder(project, tmp_path / "first"), Holder(project, tmp_path / "second")
    hear(first.process, b"waiting for")
    hear(second.process, b"waiting for")
    (carrying,) = children(first.process.pid)
    os.kill(carrying, signal.SIGSTOP)
    assert holder.let_go() == 0
    second.wait_until_it_runs()
    assert second.let_go() == 0
    os.kill(carrying, signal.SIGCONT)
    first.wait_until_it_runs()
    assert first.let_go() == 0


# --- clocks and ids ---------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [-400 * 86400, 400 * 86400])
def test_a_clock_that_jumps_changes_neither_the_queue_nor_what_is_told(
    project: World, tmp_path: Path, seconds: int
) -> None:
    require("gcc", program("gcc"))
    library, jump = tmp_path / "clock.so", tmp_path / "jump"
    source = ROOT / "tests/fakes/set_clock.c"
    command = ["gcc", "-shared", "-fPIC", "-o", library, source, "-ldl"]
    subprocess.run([*map(str, command)], check=True)
    jump.write_text("0")
    clock: dict[str, Any] = {"LD_PRELOAD": str(library), "JUMP": str(jump)}
    holder = Holder(project, tmp_path / "holder", **clock).wait_until_it_runs()
    first = Holder(project, tmp_path / "first", **clock)
    hear(first.process, b"waiting for")
    jump.write_text(str(seconds))
    second = Holder(project, tmp_path / "second", **clock)
    hear(second.process, b"waiting for")
    assert project.wf("run", "all", "--no-wait", **clock).code == 75
    assert holder.let_go() == 0
    first.wait_until_it_runs()
    assert not second.has_started()
    assert first.let_go() == 0
    second.wait_until_it_runs()
    assert second.let_go() == 0
    granted = [project.folder(name) / "granted.json" for name in project.runs()]
    waited = [
        json.loads(path.read_text())["queue"]["waited_seconds"] for path in granted if path.exists()
    ]
    assert len(waited) == 3
    assert all(0 <= seconds <= PATIENCE_SECONDS for seconds in waited)


# [within a namespace of process ids of its own: the command line of wf]
SAME_ID = """\
import os, signal, subprocess, sys, time
gate = os.environ["GATE"]
def until(condition):
    for _ in range(3000):
        if condition():
            return
        time.sleep(0.02)
    sys.exit("it did not come true")
holder = subprocess.Popen(sys.argv[1:])
until(lambda: os.path.exists(gate + ".ready"))
holder.kill()
holder.wait()
open(gate, "w").close()  # and its job ends
for _ in range(50):
    with open("/proc/sys/kernel/ns_last_pid", "w") as last:
        last.write(str(holder.pid - 1))
    other = subprocess.Popen(["sleep", "600"])
    if other.pid == holder.pid:
        break
    other.kill()
    other.wait()
else:
    sys.exit("the number did not come back")
def served():
    done = subprocess.run([*sys.argv[1:], "--no-wait"], capture_output=True)
    return done.returncode == 0
until(served)
other.kill()
print("served")
"""


def test_a_process_id_that_comes_back_is_nobody(project: World, tmp_path: Path) -> None:
    if os.geteuid() != 0:
        require("root", "only root has process ids of its own")
    require("unshare", program("unshare"))
    done = subprocess.run(
        ["unshare", "--pid", "--fork", "--mount-proc", sys.executable, "-c", SAME_ID,
         *project.argv("run", "all")],
        cwd=project.project,
        env={**project.variables, "GATE": str(tmp_path / "gate")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, ["served"]), done.stderr


def test_devices_are_the_same_where_process_ids_are_others(project: World, tmp_path: Path) -> None:
    """A container that shares the lock folder, say."""
    if os.geteuid() != 0:
        require("root", "only root has process ids of its own")
    require("unshare", program("unshare"))
    holder = Holder(project, tmp_path / "holder").wait_until_it_runs()
    command = ["unshare", "--pid", "--fork", "--mount-proc", *project.argv("run", "all")]
    done = subprocess.run(
        [*command, "--no-wait"],
        cwd=project.project,
        env=project.variables,
        capture_output=True,
        check=False,
    )
    assert done.returncode == 75, done.stderr
    assert holder.let_go() == 0
