"""Jobs that fork a lot leave neither a process nor a lease, however they end.

Each is as programs of this trade are: loaders of data, ranks of which one dies, daemons that try to
get away. What they fork is deaf to polite requests and would stay for minutes.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tests.conftest import PATIENCE_SECONDS, kill, require, until

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Iterator

    from tests.conftest import World

pytestmark = pytest.mark.integration

CORES = len(os.sched_getaffinity(0))
WORKFLOW = f"""\
workflows:
  - name: job
    provider: bash
    commands: ['exec "$FORKS_PYTHON" -I -S job.py']
    resources: {{cpu: {CORES}}}
  - name: next
    provider: bash
    commands: ['true']
    resources: {{cpu: {CORES}}}
"""
# [in the environment: FORKS (kind), FORKS_END (exit code, or "stay"), FORKS_FOLDER]
JOB = """\
import os, signal, sys, time
folder, kind, end = (os.environ[name] for name in ("FORKS_FOLDER", "FORKS", "FORKS_END"))
noted = os.open(os.path.join(folder, "processes"), os.O_WRONLY | os.O_APPEND | os.O_CREAT)

def stay(close=False):
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    with open("/proc/self/stat", "rb") as file:
        started = file.read().rpartition(b")")[2].split()[19]
    os.write(noted, b"%d %s\\n" % (os.getpid(), started))
    if close:
        os.closerange(0, 4096)
    for _ in range(1200):
        if os.path.exists(os.path.join(folder, "over")):
            break
        time.sleep(0.1)
    os._exit(0)

def fork(work):
    pid = os.fork()
    if pid == 0:
        work()
        os._exit(0)
    return pid

def loader():
    '''Two ranks with four workers each, which wait for work in a pipe.'''
    def worker():
        os.dup2(os.pipe()[0], 0)
        stay()
    def rank():
        for _ in range(4):
            fork(worker)
        stay()
    for _ in range(2):
        fork(rank)
    return 10

def ranks():
    '''Rank 1 dies, the others wait for it for ever in a session of their own.'''
    def rank():
        os.setsid()
        stay()
    for _ in range(3):
        fork(rank)
    os.waitpid(fork(lambda: os._exit(3)), 0)
    return 3

def daemons():
    '''Away from the terminal by the book, five times.'''
    def away():
        os.setsid()
        fork(stay)
    for _ in range(5):
        os.waitpid(fork(away), 0)
    return 5

def closes():
    '''By the book, too: it closes whatever it inherited.'''
    def away():
        os.setsid()
        fork(lambda: stay(close=True))
    os.waitpid(fork(away), 0)
    return 1

def many():
    for _ in range(500):
        fork(stay)
    return 500

expected = {"loader": loader, "ranks": ranks, "daemons": daemons, "closes": closes, "many": many}
expected = expected[kind]()
path = os.path.join(folder, "processes")
while open(path, "rb").read().count(b"\\n") < expected:
    time.sleep(0.02)
open(os.path.join(folder, "ready"), "w").close()
if end == "stay":
    stay()
sys.exit(int(end))
"""
KINDS = ("loader", "ranks", "daemons", "closes", "many")


class Process(NamedTuple):
    """One that was forked: when it was started tells it from a later one with its number."""

    pid: int
    started: int

    @property
    def lives(self) -> bool:
        """Whether it has not ended; one that only waits to be collected has."""
        try:
            said = Path(f"/proc/{self.pid}/stat").read_bytes()
        except OSError:
            return False
        fields = said.rpartition(b")")[2].split()
        return fields[0] not in {b"Z", b"X"} and int(fields[19]) == self.started


class Forks:
    """A world with a job that forks, and what it has forked."""

    def __init__(self, world: World, folder: Path) -> None:
        world.workflows(WORKFLOW)
        world.write("job.py", JOB)
        self.world, self.folder = world, folder
        folder.mkdir()

    def variables(self, kind: str, end: str) -> dict[str, Any]:
        return {
            "FORKS": kind,
            "FORKS_END": end,
            "FORKS_FOLDER": str(self.folder),
            "FORKS_PYTHON": sys.executable,
        }

    def start(self, kind: str) -> subprocess.Popen[bytes]:
        """A run whose job stays, once all of it is there."""
        command = self.world.start("run", "job", **self.variables(kind, "stay"))
        until((self.folder / "ready").exists, "a job that has forked")
        return command

    def noted(self) -> list[Process]:
        """Everything that was forked and stayed."""
        lines = (self.folder / "processes").read_text().split("\n")[:-1]
        return [Process(*map(int, line.split())) for line in lines]

    def living(self) -> list[Process]:
        return [process for process in self.noted() if process.lives]

    def is_busy(self) -> bool:
        """Whether somebody who wants all cores would have to wait."""
        code = self.world.wf("run", "next", "--no-wait").code
        assert code in {0, 75}
        return code == 75

    def wait_until_gathered(self) -> None:
        """Until a control group holds the lease too, which it does once a job is not a short one.

        Before that, or where there are no groups, nobody knows of a process that has closed the
        descriptors of its lease and lost its wf.
        """
        trees = (Path("/sys/fs/cgroup"), Path("/sys/fs/cgroup/unified"))
        usable = any(os.access(tree / "cgroup.procs", os.W_OK) for tree in trees)
        require("cgroup", None if usable else "no control group of version 2 can be made here")
        locks = Path(self.world.variables["WF_LOCKS"])
        until(
            lambda: any(b"cgroup:" in claim.read_bytes() for claim in locks.glob("wf-run-*")),
            "a job in a control group",
        )

    def let_go(self) -> None:
        """Whatever is left ends itself."""
        (self.folder / "over").touch()
        if (self.folder / "processes").exists():
            until(lambda: not self.living(), "the end of what was forked")


@pytest.fixture
def forks(world: World, tmp_path: Path) -> Iterator[Forks]:
    made = Forks(world, tmp_path / "forks")
    yield made
    made.let_go()


@pytest.mark.parametrize(("kind", "code"), [*((kind, 0) for kind in KINDS), ("ranks", 3)])
def test_nothing_is_left_when_the_job_has_ended(forks: Forks, kind: str, code: int) -> None:
    done = forks.world.wf("run", "job", **forks.variables(kind, str(code)))
    assert done.code == code, done.err
    assert forks.noted()
    assert forks.living() == []
    assert "outlived" in done.err
    assert not forks.is_busy()


@pytest.mark.parametrize("kind", KINDS)
def test_nothing_is_left_after_ctrl_c(forks: Forks, kind: str) -> None:
    """The first one is asked, which it does not hear; the second one ends everything."""
    command = forks.start(kind)
    command.send_signal(signal.SIGINT)
    until(lambda: b"SIGINT" in _stderr(command), "word of the first request")
    command.send_signal(signal.SIGINT)
    assert command.wait(PATIENCE_SECONDS) == 130
    assert forks.living() == []
    assert not forks.is_busy()


@pytest.mark.parametrize("kind", KINDS)
def test_when_wf_is_killed_the_next_one_ends_all_of_it_and_has_its_devices(
    forks: Forks, kind: str
) -> None:
    command = forks.start(kind)
    if kind == "closes":
        forks.wait_until_gathered()
    kill(command)
    assert forks.living()
    assert not forks.is_busy()
    assert forks.living() == []


def _stderr(command: subprocess.Popen[bytes]) -> bytes:
    """What it has said by now, all of it."""
    assert command.stderr is not None
    os.set_blocking(command.stderr.fileno(), False)
    return command.stderr.read() or b""
