"""Leases among processes and users: whoever is killed, stopped or hostile harms nobody else."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.errors import BUSY, STORAGE, WfError
from runner.events import Waiting
from runner.process.signals import Interrupted
from runner.spec.workflow import Resources
from tests.conftest import PATIENCE_SECONDS, ROOT, program, require, until
from tests.fakes.inventory import machine
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.allocation.interface import Lease

pytestmark = pytest.mark.integration
NOBODY = ("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups")


class Other:
    """A command of somebody else."""

    def __init__(self, folder: Path, cpus: int, *how: str, user: tuple[str, ...] = ()) -> None:
        self.process = subprocess.Popen(
            [*user, sys.executable, "-m", "tests.fakes.leaser", str(folder), str(cpus), *how],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.jobs: list[int] = []

    def hear(self, word: str) -> str:
        """What it says behind a word; other lines are left out."""
        assert self.process.stdout is not None
        for line in self.process.stdout:
            if line.split()[0] == word:
                return line.partition(" ")[2].strip()
        pytest.fail(f"it never said {word}")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def leave(self) -> None:
        """End it as it likes to be ended."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


@pytest.fixture
def others() -> Iterator[list[Other]]:
    started: list[Other] = []
    yield started
    for one in started:
        if one.process.poll() is None:
            one.process.send_signal(signal.SIGCONT)
            one.kill()
        for stream in (one.process.stdin, one.process.stdout):
            assert stream is not None
            stream.close()
        for pid in one.jobs:
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A lock folder that other users reach.

    Each start of pytest closes the folder of all temporary ones to them.
    """
    locks = Path(tempfile.mkdtemp(prefix="wf-locks-"))
    locks.chmod(0o1777)
    yield locks
    shutil.rmtree(locks)


@pytest.fixture
def files(folder: Path) -> FileLeases:
    return FileLeases(folder)


def take(
    leases: FileLeases,
    cpus: int = 1,
    *,
    wait: bool = False,
    observer: RecordingObserver | None = None,
) -> Lease:
    return leases.acquire(
        Resources(cpu=cpus),
        lambda _: machine(cores=2),
        Claim("wet-mango-1"),
        observer or RecordingObserver(),
        wait=wait,
    )


def free(leases: FileLeases, cpus: int = 2) -> bool:
    """Whether so many cores can be had now."""
    try:
        leases.release(take(leases, cpus))
    except WfError as error:
        if error.kind != BUSY:
            raise
        return False
    return True


@contextmanager
def held(leases: FileLeases, cpus: int = 2) -> Iterator[Lease]:
    lease = take(leases, cpus)
    try:
        yield lease
    finally:
        leases.release(lease)


def answer(folder: Path, cpus: int, user: tuple[str, ...]) -> str:
    """What another user is told who does not want to wait."""
    argv = [*user, sys.executable, "-m", "tests.fakes.leaser", str(folder), str(cpus)]
    done = subprocess.run(argv, cwd=ROOT, input="", capture_output=True, text=True, check=True)
    return done.stdout


def places(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir() if path.name.startswith("wf-wait-")]


def test_a_killed_waiter_is_in_nobodys_way(
    files: FileLeases, folder: Path, others: list[Other]
) -> None:
    with held(files):
        others += [Other(folder, 2, "wait") for _ in range(2)]
        for other in others:
            other.hear("waiting")
        ahead = files.standing().queue
        assert [(one.run, one.asked) for one in ahead] == [("brave-wolf-7", Resources(cpu=2))] * 2
        others[0].kill()
    others[1].hear("has")
    others[1].leave()
    assert free(files)
    assert places(folder) == []


def test_who_is_stopped_in_the_queue_is_passed_over(
    files: FileLeases, folder: Path, others: list[Other]
) -> None:
    with held(files):
        others.append(Other(folder, 2, "wait"))
        others[0].hear("waiting")
        others.append(Other(folder, 2, "wait"))
        others[1].hear("waiting")
        others[0].process.send_signal(signal.SIGSTOP)
    others[1].hear("has")
    others[1].leave()
    others[0].process.send_signal(signal.SIGCONT)
    others[0].hear("has")


def test_who_is_stopped_while_choosing_is_named(
    files: FileLeases, folder: Path, others: list[Other]
) -> None:
    files.release(take(files))
    stopped = subprocess.Popen(
        [sys.executable, "-c", _IN_THE_GATE, str(folder / "wf-devices")],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert stopped.stdout is not None
    try:
        assert stopped.stdout.readline() == "in\n"
        stopped.send_signal(signal.SIGSTOP)
        others.append(Other(folder, 1, "wait"))
        assert f"(process {stopped.pid} of " in others[0].hear("waiting")
        with pytest.raises(WfError) as caught:
            take(files)
        assert caught.value.kind == BUSY
        assert f"process {stopped.pid} of " in caught.value.message
        stopped.send_signal(signal.SIGCONT)
        stopped.kill()
        others[0].hear("has")
    finally:
        stopped.kill()
        stopped.wait()
        stopped.stdout.close()


_IN_THE_GATE = """
import fcntl, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
print("in", flush=True)
time.sleep(600)
"""


def test_who_is_interrupted_while_waiting_leaves_nothing(files: FileLeases, folder: Path) -> None:
    before = set(os.listdir("/proc/self/fd"))

    class Impatient(RecordingObserver):
        def notify(self, event: object, /) -> None:
            if isinstance(event, Waiting):
                raise Interrupted(signal.SIGINT)

    def interrupted() -> None:
        with pytest.raises(Interrupted):
            files.acquire(
                Resources(cpu=2),
                lambda _: machine(cores=2),
                Claim("wet-mango-1"),
                Impatient(),
                wait=True,
            )

    with held(files):
        interrupted()
        assert places(folder) == []
        assert not free(files, 1)
    assert set(os.listdir("/proc/self/fd")) == before
    assert free(files)


def test_who_is_interrupted_while_asleep_leaves_nothing(
    files: FileLeases, folder: Path, others: list[Other]
) -> None:
    with held(files):
        others.append(Other(folder, 2, "wait"))
        others[0].hear("waiting")
        number = signal.SIGUSR1
        observer = RecordingObserver()

        def arrived(_number: int, _frame: object) -> None:
            raise Interrupted(number)

        def interrupt() -> None:
            # the file of a place is there a moment before anybody answers for it
            until(lambda: observer.of(Waiting), "a second place")
            os.kill(os.getpid(), number)

        before = signal.signal(number, arrived)
        thread = threading.Thread(target=interrupt)
        try:
            thread.start()
            with pytest.raises(Interrupted):
                take(files, 2, wait=True, observer=observer)
        finally:
            thread.join()
            signal.signal(number, before)
        assert len(places(folder)) == 1
    others[0].hear("has")


def test_a_table_that_its_owner_removes_still_protects_what_is_held(
    files: FileLeases, folder: Path
) -> None:
    with held(files, 1) as lease:
        (folder / "wf-devices").unlink()
        assert not free(files, 2)
        with held(files, 1) as other:
            assert set(other.cores).isdisjoint(lease.cores)
        (folder / "wf-devices").unlink()
        assert free(files, 1)
    assert free(files, 2)


def test_a_job_keeps_its_devices_though_the_table_is_gone(
    files: FileLeases, folder: Path, others: list[Other]
) -> None:
    others.append(Other(folder, 2, "job"))
    others[0].jobs.append(int(others[0].hear("has")))
    (folder / "wf-devices").unlink()
    others[0].kill()
    assert not free(files, 1)
    os.kill(others[0].jobs.pop(), signal.SIGKILL)
    until(lambda: free(files), "free devices")


def test_a_waiter_goes_on_when_the_table_is_replaced(
    files: FileLeases, folder: Path, others: list[Other]
) -> None:
    with held(files):
        others.append(Other(folder, 2, "wait"))
        others[0].hear("waiting")
        (folder / "wf-devices").unlink()
    others[0].hear("has")


# --- two users --------------------------------------------------------------------------------


@pytest.fixture
def second_user() -> tuple[str, ...]:
    require("two users", None if os.geteuid() == 0 else "only root may become another user")
    require("setpriv", program("setpriv"))
    return NOBODY


def test_two_users_do_not_collide(
    files: FileLeases, folder: Path, others: list[Other], second_user: tuple[str, ...]
) -> None:
    others.append(Other(folder, 1, user=second_user))
    core = others[0].hear("has")
    [holder] = files.standing().holders
    assert (holder.user, holder.run, holder.cores) == ("nobody", "brave-wolf-7", (int(core),))
    with held(files, 1) as lease:
        assert lease.cores != (int(core),)
    assert not free(files, 2)
    others[0].leave()
    until(lambda: free(files), "free devices")


def test_another_user_waits_for_what_root_has(
    files: FileLeases, folder: Path, others: list[Other], second_user: tuple[str, ...]
) -> None:
    with held(files):
        others.append(Other(folder, 2, "wait", user=second_user))
        assert "root's wet-mango-1: cores 0, 1" in others[0].hear("waiting")
        assert [one.user for one in files.standing().queue] == ["nobody"]
    others[0].hear("has")


def test_nobody_keeps_the_claim_of_somebody_else_alive(
    files: FileLeases, folder: Path, others: list[Other], second_user: tuple[str, ...]
) -> None:
    """Who may only read a file can share locks on it, by either call; that is no lease."""
    others.append(Other(folder, 2))
    others[0].hear("has")
    [claim] = [path for path in folder.iterdir() if path.name.startswith("wf-run-")]
    hostile = subprocess.Popen(
        [*second_user, sys.executable, "-c", _KEEP_ALIVE, str(claim)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert hostile.stdout is not None
    try:
        assert hostile.stdout.readline() == "locked\n"
        others[0].kill()
        assert answer(folder, 2, second_user) == "has 0 1\n"
        assert free(files)
    finally:
        hostile.kill()
        hostile.wait()
        hostile.stdout.close()


_KEEP_ALIVE = """
import fcntl, struct, sys, time
file = open(sys.argv[1])
fcntl.flock(file, fcntl.LOCK_EX)
print("locked", flush=True)
fcntl.fcntl(file, fcntl.F_OFD_SETLKW, struct.pack("hhqqi0q", fcntl.F_RDLCK, 0, 0, 0, 0))
time.sleep(600)
"""


def test_what_another_user_planted_is_named(folder: Path, second_user: tuple[str, ...]) -> None:
    plant = ["ln", "-s", "/etc/passwd", str(folder / "wf-devices")]
    subprocess.run([*second_user, *plant], check=True)
    with pytest.raises(WfError) as caught:
        take(FileLeases(folder))
    assert caught.value.kind == STORAGE
    assert f"{folder}/wf-devices, which belongs to nobody, is a link" in caught.value.message


def test_a_table_that_others_may_not_write_to_is_named(
    files: FileLeases, folder: Path, second_user: tuple[str, ...]
) -> None:
    files.release(take(files))
    (folder / "wf-devices").chmod(0o600)
    said = answer(folder, 1, second_user)
    assert said.startswith("error 73 ")
    assert "wf-devices, which belongs to root, may not be written to" in said


# --- folders that cannot serve ----------------------------------------------------------------


def _mounted(folder: Path, options: str, before: str = "") -> str:
    """What a command says in a folder that is a file system of its own."""
    require("unshare", program("unshare"))
    require("mount namespaces", None if os.geteuid() == 0 else "only root may mount")
    script = (
        f"mount -t tmpfs -o {options} tmpfs {folder}; {before}"
        f" exec {sys.executable} -m tests.fakes.leaser {folder} 1"
    )
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", script],
        cwd=ROOT,
        input="",
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stderr == ""
    return done.stdout


def test_a_full_lock_folder_is_said(folder: Path) -> None:
    fill = f"cat /dev/zero 2>&- > {folder}/stuff || true;"
    said = _mounted(folder, "size=64k,mode=1777", fill)
    assert said.startswith("error 73 the lock folder cannot be used: No space left on device")


def test_a_read_only_lock_folder_is_said(folder: Path) -> None:
    said = _mounted(folder, "ro,mode=1777")
    assert said.startswith("error 73 the lock folder cannot be used: Read-only file system")


def test_a_clock_that_jumps_changes_nothing(
    files: FileLeases, folder: Path, others: list[Other], tmp_path: Path
) -> None:
    require("gcc", program("gcc"))
    clock = tmp_path / "clock.so"
    source = ROOT / "tests/fakes/clock.c"
    subprocess.run(["gcc", "-shared", "-fPIC", "-o", clock, source], check=True)
    user = ("env", f"LD_PRELOAD={clock}", "CLOCK_SECONDS=1000000000")
    with held(files):
        others.append(Other(folder, 2, "wait", user=user))
        others[0].hear("waiting")
    others[0].hear("has")
    assert not free(files, 1)
    [holder] = files.standing().holders
    assert holder.since is not None
    assert 0 <= holder.since < PATIENCE_SECONDS
