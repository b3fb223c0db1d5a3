"""What jobs do with processes and streams, and what becomes of it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration


def bash(world: World, *commands: str) -> None:
    """A workflow ``job`` of these commands."""
    lines = "".join(f"      - |\n        {command}\n" for command in commands)
    world.workflows(f"workflows:\n  - name: job\n    provider: bash\n    commands:\n{lines}")


def python(world: World, text: str) -> None:
    """A workflow ``job`` of this script."""
    world.workflows("workflows:\n  - {name: job, provider: python, script: job.py}\n")
    world.write("job.py", text)


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # it may have been orphaned, with nobody to collect it
    with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
        return file.read().rpartition(")")[2].split()[0] == "Z"


def test_a_background_child_that_keeps_stdout_open_does_not_hang_the_run(world: World) -> None:
    bash(world, "sleep 600 & echo $!")
    done = world.wf("run", "job", timeout=60)
    assert done.code == 0
    pid = int(done.out)
    until(lambda: gone(pid), f"the end of {pid}")
    assert "warning: 1 process of the job outlived it and was ended" in done.err
    assert world.record()["status"] == "succeeded"


def test_daemonised_children_are_ended(world: World) -> None:
    """Orphaned twice over and deaf to the hang-up: still in the job's group."""
    pids = " ".join(
        '(nohup sleep 600 </dev/null >/dev/null 2>&1 & echo "$!")' + ";" for _ in range(3)
    )
    bash(world, pids, "exit 4")
    done = world.wf("run", "job", timeout=60)
    assert done.code == 4
    found = [int(pid) for pid in done.out.split()]
    assert len(found) == 3
    for pid in found:
        until(lambda pid=pid: gone(pid), f"the end of {pid}")  # type: ignore[misc]
    assert "outlived" in done.err


def test_children_that_have_ended_are_not_warned_of(world: World) -> None:
    bash(world, "sleep 0.01 & wait", "echo done")
    assert "outlived" not in world.wf("run", "job").err


def test_devices_are_free_once_the_run_has_ended_whatever_it_left(world: World) -> None:
    cores = len(os.sched_getaffinity(0))
    world.workflows(
        "workflows:\n  - name: job\n    provider: bash\n"
        "    commands: ['sleep 600 >/dev/null 2>&1 & echo $!']\n"
        f"    resources: {{cpu: {cores}}}\n"
    )
    for _ in range(2):
        assert world.wf("run", "job", "--no-wait").code == 0


def test_every_byte_arrives_in_order(world: World) -> None:
    python(
        world,
        "import os\n"
        "for number in range(200_000):\n"
        "    os.write(1 + number % 2, b'%d\\n' % number)\n",
    )
    done = world.wf("run", "job")
    (run,) = world.runs()
    expected = b"".join(b"%d\n" % number for number in range(200_000))
    assert (world.folder(run) / "log").read_bytes() == expected
    assert done.out.encode() == expected


def test_a_long_line_without_an_end_arrives(world: World) -> None:
    size = 32 << 20
    bash(world, f"head -c {size} /dev/zero | tr '\\0' x")
    done = world.wf("run", "job")
    assert done.code == 0
    assert done.out == "x" * size
    (run,) = world.runs()
    assert (world.folder(run) / "log").stat().st_size == size


def test_a_reader_that_stands_still_does_not_hold_up_the_job(world: World) -> None:
    """Its output goes to the log; only the screen waits for whoever reads."""
    import subprocess

    over = world.home / "over"
    bash(world, "head -c 8000000 /dev/zero | tr '\\0' x", f"touch '{over}'")
    run = subprocess.Popen(
        world.argv("run", "job"),
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    world.started.append(run)
    until(over.exists, "the end of the job")
    out, _ = run.communicate(timeout=60)
    assert len(out) == 8_000_000
    assert run.returncode == 0


def test_a_job_that_closes_its_streams_goes_on(world: World) -> None:
    python(
        world,
        "import os\n"
        "os.write(1, b'last words\\n')\n"
        "os.close(1)\n"
        "os.close(2)\n"
        "for number in range(3, 256):\n"
        "    try:\n"
        "        os.close(number)\n"
        "    except OSError:\n"
        "        pass\n"
        "import time\n"
        "time.sleep(0.3)\n"
        "open('model/late.ckpt', 'w').write('x')\n"
        "os._exit(9)\n",
    )
    world.workflows(
        "workflows:\n  - {name: job, provider: python, script: job.py, artifacts: [model]}\n"
    )
    done = world.wf("run", "job")
    assert (done.code, done.out) == (9, "last words\n")
    assert world.record()["artifacts"][0]["files"] == 1


def test_a_job_that_asks_for_a_terminal_is_told_that_there_is_none(world: World) -> None:
    python(
        world,
        "import os\n"
        "try:\n"
        "    os.open('/dev/tty', os.O_RDWR)\n"
        "except OSError as error:\n"
        "    print(error.strerror)\n",
    )
    assert world.wf("run", "job").out == "No such device or address\n"


def test_stdin_is_empty_even_if_wf_has_one(world: World) -> None:
    import subprocess

    bash(world, 'read -r line || echo "nothing:$line"')
    done = subprocess.run(
        world.argv("run", "job"),
        cwd=world.project,
        env=world.variables,
        input=b"for somebody else\n",
        capture_output=True,
        timeout=60,
        check=False,
    )
    assert done.stdout == b"nothing:\n"


def test_the_job_leads_a_session_of_its_own(world: World) -> None:
    python(world, "import os\nprint(os.getsid(0) == os.getpid(), os.getpgid(0) == os.getpid())\n")
    assert world.wf("run", "job").out == "True True\n"


def test_no_descriptor_but_the_locks_is_handed_on(world: World) -> None:
    """A cpu-less job holds its run and its environment: nothing of the index or the log."""
    python(
        world,
        "import os\n"
        "for number in sorted(map(int, os.listdir('/proc/self/fd'))):\n"
        "    try:\n"
        "        print(number, os.readlink(f'/proc/self/fd/{number}'))\n"
        "    except FileNotFoundError:\n"
        "        pass\n",
    )
    lines = world.wf("run", "job").out.splitlines()
    others = [line.split(" ", 1)[1] for line in lines if int(line.split()[0]) > 2]
    (run,) = world.runs()
    used = world.home / "cache" / "environments" / world.record()["environment"]["fingerprint"]
    assert sorted(others) == sorted([str(world.folder(run) / "lock"), f"{used}.use"])


def test_no_signal_is_ignored_or_blocked(world: World) -> None:
    """Python ignores SIGPIPE, and its children would inherit that."""
    bash(world, "grep -E '^Sig(Blk|Ign)' /proc/self/status")
    for line in world.wf("run", "job").out.splitlines():
        # the C library's own signals (32 and up) are as whoever started the tests left them
        assert int(line.split()[1], 16) & 0x7FFFFFFF == 0, line
