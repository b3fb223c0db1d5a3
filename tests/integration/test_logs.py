"""Logs when something goes wrong: no byte is lost that can be kept, nobody waits for anybody."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import program, require, until

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

BASH = "workflows:\n  - name: job\n    provider: bash\n    commands:\n"
PYTHON = "workflows:\n  - {name: job, provider: python, script: job.py}\n"
MANY = 5_000_000


def bash(world: World, *commands: str) -> None:
    world.workflows(BASH + "".join(f"      - |\n        {each}\n" for each in commands))


def log_of(world: World) -> Path:
    (run,) = world.runs()
    return world.folder(run) / "log"


def digest(path: Path) -> str:
    with path.open("rb") as file:
        whole = hashlib.sha256()
        while piece := file.read(1 << 20):
            whole.update(piece)
    return whole.hexdigest()


def output_of(world: World, command: str, **variables: str) -> bytes:
    """What a line of bash prints in which ``$WF`` is the command."""
    return subprocess.run(
        ["bash", "-c", command],
        cwd=world.project,
        env={**world.variables, "WF": " ".join(world.argv()), **variables},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=300,
        check=True,
    ).stdout


def peak_memory(world: World, *words: str) -> int:
    """The most memory that ``wf WORDS`` had resident, in bytes."""
    script = (
        "import resource, subprocess, sys\n"
        "subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)\n"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script, *world.argv(*words)],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        timeout=300,
        check=True,
    )
    return int(done.stdout)


def test_five_million_lines_are_all_there(world: World) -> None:
    bash(world, f"seq {MANY}")
    expected = hashlib.sha256(b"".join(b"%d\n" % n for n in range(1, MANY + 1))).hexdigest()
    seen = output_of(world, "$WF run job 2> /dev/null | sha256sum").split()[0].decode()
    assert (seen, digest(log_of(world))) == (expected, expected)
    assert output_of(world, "$WF logs last | wc -l").strip() == str(MANY).encode()
    assert output_of(world, "$WF logs -f last | sha256sum").split()[0].decode() == expected


def test_a_line_of_64_mb_takes_no_memory_to_be_shown(world: World) -> None:
    bash(world, "head -c 64000000 /dev/zero | tr '\\0' x")
    assert world.wf("run", "job").code == 0
    assert log_of(world).stat().st_size == 64_000_000
    for words in (("logs", "last"), ("logs", "-n", "1", "last"), ("logs", "--json", "last")):
        assert peak_memory(world, *words) < 64 << 20
    assert output_of(world, "$WF logs last | wc -c").strip() == b"64000000"


def test_bytes_of_every_kind_cut_anywhere_are_kept(world: World) -> None:
    world.workflows(PYTHON)
    world.write(
        "job.py",
        "import os, time\n"
        "for piece in (b'\\xe2\\x98', b'\\x83 snow\\n', bytes(range(256)), b'\\r5%', b'\\r9%'):\n"
        "    os.write(1, piece)\n"
        "    time.sleep(0.02)\n",
    )
    assert world.wf("run", "job").code == 0
    written = b"\xe2\x98\x83 snow\n" + bytes(range(256)) + b"\r5%\r9%"
    assert log_of(world).read_bytes() == written
    assert output_of(world, "$WF logs --raw last") == written


def test_a_reader_that_stands_still_holds_up_nobody(world: World) -> None:
    bash(world, "seq 1000000", "echo the end")
    reading, writing = os.pipe()
    with os.fdopen(writing, "wb") as nobody:
        run = world.start("run", "job", out=nobody.fileno())
        name = until(lambda: next(iter(world.runs()), None), "a run")
        until((world.folder(name) / "log").exists, "its log")
        stuck = [world.start("logs", "-f", name, out=nobody.fileno()) for _ in range(2)]
        # nobody reads the pipe, and yet the job goes on to its end
        until(lambda: log_of(world).read_bytes().endswith(b"the end\n"), "the end of the job")
        assert output_of(world, "$WF logs -f last | tail -n 1") == b"the end\n"
        for follower in stuck:
            follower.send_signal(signal.SIGKILL)
    drain = threading.Thread(target=lambda: _read(reading), daemon=True)
    drain.start()
    assert run.wait(60) == 0
    for follower in stuck:
        follower.wait(60)


def _read(descriptor: int) -> None:
    with os.fdopen(descriptor, "rb") as file:
        while file.read(1 << 16):
            pass


def test_a_reader_of_the_log_who_leaves_is_no_error(world: World) -> None:
    bash(world, "seq 1000000")
    assert world.wf("run", "job").code == 0
    for options in ("", "-f", "--raw"):
        said = output_of(world, f"$WF logs {options} last | head -n1; echo ${{PIPESTATUS[0]}}")
        assert said == b"1\n0\n"


def test_a_job_that_closes_its_output_goes_on(world: World) -> None:
    bash(world, "echo before; exec >&- 2>&-; sleep 0.3; touch went-on; exit 7")
    done = world.wf("run", "job")
    assert (done.code, done.out) == (7, "before\n")
    assert world.record()["exit_code"] == 7


def test_what_is_written_after_the_parent_has_ended_is_kept(world: World) -> None:
    bash(world, "(sleep 0.4; echo after; sleep 100) & echo before")
    assert world.wf("run", "job").code == 0
    assert log_of(world).read_bytes() == b"before\nafter\n"


def test_a_log_that_is_removed_meanwhile_ends_nothing(world: World) -> None:
    gate = world.project / "gate"
    bash(world, f"echo before; until test -e {gate}; do sleep 0.02; done; echo after; exit 3")
    run = world.start("run", "job")
    name = world.running()
    until(lambda: log_of(world).read_bytes() == b"before\n", "the log")
    copy = world.home / "copy"
    with copy.open("wb") as file:
        following = world.start("logs", "-f", name, out=file.fileno())
        until(lambda: copy.read_bytes() == b"before\n", "what was there")
        log_of(world).unlink()
        gate.touch()
        assert run.wait(60) == 3
        assert following.wait(60) == 0
    # who had it open still has all of it
    assert copy.read_bytes() == b"before\nafter\n"
    assert run.stderr is not None
    assert b"the log is incomplete: it was removed" in run.stderr.read()


FULL_DISK = """\
set -e
mount -t tmpfs -o size=$SIZE tmpfs "$WF_HOME"
"$@"
echo "code $?" >&2
cp "$WF_HOME"/runs/*/log "$KEPT"
"""


def _cannot_mount() -> str | None:
    if program("unshare"):
        return program("unshare")
    tried = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"], capture_output=True, check=False
    )
    return None if tried.returncode == 0 else "nothing can be mounted here"


def on_a_disk_of(size: str, world: World, *words: str) -> subprocess.CompletedProcess[bytes]:
    """``wf WORDS`` with its state on a small disk; the log is kept in the home folder."""
    require("mount", _cannot_mount())
    Path(world.variables["WF_HOME"]).mkdir()
    return subprocess.run(
        ["unshare", "-m", "bash", "-c", FULL_DISK, "bash", *world.argv(*words)],
        cwd=world.project,
        env={**world.variables, "SIZE": size, "KEPT": str(world.home / "kept")},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        timeout=120,
        check=False,
    )


def test_a_full_disk_ends_no_job_and_what_is_missing_is_marked(world: World) -> None:
    """The job fills the disk with its output, and makes room again when it has said a lot more."""
    world.workflows(PYTHON)
    world.write(
        "job.py",
        "import os, pathlib, sys, time\n"
        "state = pathlib.Path(os.environ['STATE'])\n"
        "(state / 'ballast').write_bytes(bytes(2 << 20))\n"
        "for number in range(400_000):\n"
        "    sys.stdout.write(f'line {number}\\n')\n"
        "sys.stdout.flush()\n"
        "(state / 'ballast').unlink()\n"
        "time.sleep(1)\n"
        "print('there is room again', flush=True)\n",
    )
    state = world.variables["WF_HOME"]
    done = on_a_disk_of("4m", world, "run", "job", "-e", f"STATE={state}")
    assert b"code 0" in done.stderr, done.stderr
    kept = (world.home / "kept").read_bytes()
    before, mark, after = kept.partition(b"\n[wf: ")
    written = b"".join(b"line %d\n" % number for number in range(400_000))
    assert mark
    assert written.startswith(before)
    said, _, rest = after.partition(b"]\n")
    assert said.endswith(b" bytes are missing here: No space left on device")
    missing = int(said.partition(b" ")[0].replace(b",", b""))
    assert len(before) + missing + len(rest) == len(written) + len(b"there is room again\n")
    assert (written + b"there is room again\n").endswith(rest)
    assert rest
    assert f"{missing:,} bytes of it could not be written".encode() in done.stderr
