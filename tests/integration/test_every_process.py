"""Whatever a job starts, and however that tries to get away: nothing of it outlives the job."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from runner.process import tree
from runner.process.confinement.hierarchy import hierarchies
from tests.conftest import kill, program, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

# out of the session, out of the family, deaf to all that can be refused, and with nothing open
DAEMON = """\
import os, signal, sys, time
def daemon(file):
    pid = os.fork()
    if pid:
        os.waitpid(pid, 0)
        return
    os.setsid()
    if os.fork():
        os._exit(0)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    os.write(file, b'%d\\n' % os.getpid())
    os.closerange(0, 256)
    time.sleep(600)
    os._exit(0)
file = os.open(os.environ['PIDS'], os.O_WRONLY | os.O_APPEND)
def count():
    with open(os.environ['PIDS']) as pids:
        return len(pids.readlines())
"""
WORKFLOW = "workflows:\n  - {name: job, provider: python, script: job.py}\n"


@pytest.fixture
def pids(world: World) -> Path:
    """Where the job's daemons leave their ids."""
    path = world.home / "pids"
    path.touch(mode=0o666)
    world.variables["PIDS"] = str(path)
    world.workflows(WORKFLOW)
    return path


def left(pids: Path) -> list[int]:
    """Those that still live."""
    return [pid for pid in map(int, pids.read_text().split()) if tree.alive(pid)]


def wait_for(number: int) -> str:
    return f"while count() < {number}: time.sleep(0.01)\n"


def group_possible() -> bool:
    unified = hierarchies().unified
    return unified is not None and os.access(unified.own, os.W_OK)


def test_daemons_of_a_short_job_are_ended_and_counted(world: World, pids: Path) -> None:
    world.write("job.py", DAEMON + "for _ in range(5): daemon(file)\n" + wait_for(5))
    done = world.wf("run", "job", timeout=60)
    assert done.code == 0
    assert left(pids) == []
    assert "warning: 5 processes of the job outlived it and were ended" in done.err
    record = world.record()
    # it is given a group a second after its start, if it is still there
    is_short = record["usage"]["wall_seconds"] < 1
    found_by = {"subreaper"} if is_short else {"subreaper", "cgroup"}
    assert record["resources"]["enforced"]["processes"] in found_by


def test_daemons_of_a_longer_job_are_ended_by_their_group(world: World, pids: Path) -> None:
    """They are in it although they were orphans before there was one."""
    if not group_possible():
        pytest.skip("no group can be made in the v2 tree here (root can)")
    in_group = (
        "def groups():\n"
        "    return {open(f'/proc/{pid}/cgroup').read().rpartition('0::')[2]\n"
        "            for pid in open(os.environ['PIDS']).read().split()}\n"
        "while not all('/wf-' in group for group in groups()): time.sleep(0.01)\n"
        "print(*groups())\n"
    )
    world.write("job.py", DAEMON + "for _ in range(5): daemon(file)\n" + wait_for(5) + in_group)
    done = world.wf("run", "job", timeout=60)
    assert done.code == 0
    (group,) = done.out.split()
    assert left(pids) == []
    assert "5 processes of the job outlived it" in done.err
    assert world.record()["resources"]["enforced"]["processes"] == "cgroup"
    unified = hierarchies().unified
    assert unified is not None
    assert not (unified.top / group.strip("/")).exists()


def test_daemons_are_ended_where_no_groups_can_be_seen(world: World, pids: Path) -> None:
    require("unshare", program("unshare"))
    world.write(
        "job.py", DAEMON + "for _ in range(5): daemon(file)\n" + wait_for(5) + "time.sleep(2)"
    )
    hidden = 'mount -t tmpfs none /sys/fs/cgroup && exec "$@"'
    done = subprocess.run(
        ["unshare", "--mount", "sh", "-c", hidden, "sh", *world.argv("run", "job")],
        cwd=world.project, env=world.variables, capture_output=True, timeout=60, check=False,
    )  # fmt: skip
    if b"unshare" in done.stderr or b"mount:" in done.stderr:
        pytest.skip("no mount can be hidden here (root can)")
    assert left(pids) == []
    assert b"5 processes of the job outlived it" in done.stderr
    assert world.record()["resources"]["enforced"]["processes"] == "subreaper"


def test_a_storm_of_forks_is_ended(world: World, pids: Path) -> None:
    world.write("job.py", DAEMON + "for _ in range(500): daemon(file)\n" + wait_for(500))
    done = world.wf("run", "job", timeout=120)
    assert done.code == 0
    assert left(pids) == []
    assert "500 processes of the job outlived it" in done.err


def test_what_forks_for_ever_is_ended(world: World, pids: Path) -> None:
    """Each lives for a moment only, and has made the next one by then."""
    world.write(
        "job.py",
        DAEMON + "if not os.fork():\n"
        "    os.setsid()\n"
        "    os.write(file, b'%d\\n' % os.getpid())\n"
        "    os.closerange(0, 3)\n"
        "    while True:\n"
        "        if os.fork(): os._exit(0)\n" + wait_for(1),
    )
    done = world.wf("run", "job", timeout=60)
    assert done.code == 0
    (first,) = map(int, pids.read_text().split())
    for name in os.listdir("/proc"):
        if name.isdigit() and (known := tree.stat(int(name))) is not None:
            assert known.session != first


def test_workers_of_a_job_that_crashed_are_ended(world: World, pids: Path) -> None:
    """As a DataLoader's are left when its process dies at once."""
    world.write(
        "job.py",
        "import multiprocessing, os, signal, time\n"
        "def work(ready):\n"
        "    with open(os.environ['PIDS'], 'a') as file:\n"
        "        file.write(f'{os.getpid()}\\n')\n"
        "    ready.release()\n"
        "    time.sleep(600)\n"
        "if __name__ == '__main__':\n"
        "    context = multiprocessing.get_context('fork')\n"
        "    ready = context.Semaphore(0)\n"
        "    for _ in range(4):\n"
        "        context.Process(target=work, args=(ready,), daemon=True).start()\n"
        "    for _ in range(4): ready.acquire()\n"
        "    os.kill(os.getpid(), signal.SIGSEGV)\n",
    )
    done = world.wf("run", "job", timeout=60)
    assert done.code == 139
    assert len(pids.read_text().split()) == 4
    assert left(pids) == []


def test_orphans_that_have_ended_are_collected_while_the_job_runs(world: World) -> None:
    world.workflows(WORKFLOW)
    world.write(
        "job.py",
        "import os, time\n"
        "for _ in range(20):\n"
        "    pid = os.fork()\n"
        "    if not pid:\n"
        "        if not os.fork(): os._exit(0)\n"
        "        os._exit(0)\n"
        "    os.waitpid(pid, 0)\n"
        "def zombies():\n"
        "    found = 0\n"
        "    for name in filter(str.isdigit, os.listdir('/proc')):\n"
        "        try: fields = open(f'/proc/{name}/stat').read().rpartition(')')[2].split()\n"
        "        except OSError: continue\n"
        "        found += fields[0] == 'Z' and int(fields[1]) == os.getppid()\n"
        "    return found\n"
        "while zombies(): time.sleep(0.05)\n"
        "print('collected')\n",
    )
    done = world.wf("run", "job", timeout=60)
    assert (done.code, done.out) == (0, "collected\n")
    assert "outlived" not in done.err


def test_a_daemon_is_ended_when_wf_was_killed(world: World, pids: Path) -> None:
    """It has closed all that it inherited: its group knows it."""
    if not group_possible():
        pytest.skip("no group can be made in the v2 tree here (root can)")
    world.write("job.py", DAEMON + "daemon(file)\ntime.sleep(600)\n")
    wf = world.start("run", "job")
    pid = int(until(pids.read_text, "a daemon"))
    until(lambda: "/wf-" in _group(pid), "the job's group")
    kill(wf)
    group = hierarchies().unified.top / _group(pid).strip("/")  # type: ignore[union-attr]
    assert tree.alive(pid)
    # which has no descriptor of the lease; the next command ends it, and takes its group away
    assert world.wf("ps").code == 0
    assert not tree.alive(pid)
    assert not group.exists()


def _group(pid: int) -> str:
    with open(f"/proc/{pid}/cgroup", encoding="ascii") as file:
        return file.read().rpartition("0::")[2].strip()
