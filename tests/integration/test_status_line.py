"""The line below a job's output, on a real terminal: the job's bytes, and every way out."""

from __future__ import annotations

import os
import re
import signal
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until
from tests.integration.screen import CTRL_C, Screen

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
# draws a bar as tqdm does, and goes on until a file is there
JOB = """\
import os, sys, time
if os.isatty(1):
    print("size", *os.get_terminal_size(1))
bar = "\\rEpoch 3:  45%|####5     | 42/938 [00:05<00:06, 83.2it/s, loss=0.5, val_loss=0.0412]"
for _ in range(6000):
    sys.stdout.write(bar)
    sys.stdout.flush()
    if os.path.exists("{gate}"):
        break
    time.sleep(0.02)
print("\\n\\x1b[32mdone\\x1b[0m")
"""
OURS = re.compile(rb"\x1b7.*?\x1b8|\x1bD\x1b\[A", re.DOTALL)
SCROLLS = re.compile(rb"\x1b\[(?:\d+;\d+)?r")
STATUS = b"val_loss 0.0412"


@pytest.fixture
def job(world: World) -> World:
    """A project with that job; ``gate`` in its home lets it end."""
    world.workflows(
        f"workflows:\n  - {{name: job, provider: python, python: '{PYTHON}', script: job.py}}\n"
    )
    world.write("job.py", JOB.replace("{gate}", str(gate(world))))
    return world


def gate(world: World) -> os.PathLike[str]:
    return world.home / "gate"


def open_gate(world: World) -> None:
    """Let the job end."""
    (world.home / "gate").touch()


def restored(screen: Screen) -> bool:
    """Whether the terminal scrolls all of its rows again."""
    told = SCROLLS.findall(screen.shown)
    return bool(told) and told[-1] == b"\x1b[r"


def test_the_jobs_bytes_pass_untouched_and_the_terminal_is_restored(job: World) -> None:
    with Screen(job, "run", "job", rows=24, columns=90) as screen:
        screen.wait_for(STATUS)
        assert b"running \xc2\xb7 epoch 3 \xc2\xb7" in screen.shown
        assert b"\x1b[1;23r" in screen.shown
        open_gate(job)
        assert screen.end() == 0
        assert restored(screen)
    (run,) = job.runs()
    log = (job.folder(run) / "log").read_bytes()
    assert b"size 90 23" in log
    assert log.replace(b"\n", b"\r\n") in OURS.sub(b"", screen.shown)


def test_the_numbers_are_the_same_everywhere(job: World) -> None:
    job.start("run", "job")
    job.running()
    told = until(lambda: (job.record()["progress"] or {}).get("metrics"), "metrics")
    assert told == {"loss": 0.5, "val_loss": 0.0412}
    progress = job.record()["progress"]
    assert (progress["epoch"], progress["step"], progress["steps"]) == (3, 42, 938)
    (row,) = job.wf("ps", "--json").json()
    assert row["progress"]["metrics"] == told
    assert "epoch 3 · val_loss 0.0412" in job.wf("ps").out
    assert "epoch 3 · val_loss 0.0412" in job.wf("show", "last").out
    open_gate(job)
    until(lambda: job.record()["status"] == "succeeded", "the end")
    assert job.record()["progress"] is None
    assert "PROGRESS" not in job.wf("ps", "-a").out


@pytest.mark.parametrize(
    ("words", "status", "term"),
    [(["--no-status"], "", "xterm"), ([], "off", "xterm"), ([], "", "dumb")],
)
def test_it_can_be_removed(job: World, words: list[str], status: str, term: str) -> None:
    job.variables["WF_STATUS"] = status
    with Screen(job, "run", "job", *words, rows=24, columns=90, TERM=term) as screen:
        screen.wait_for(b"val_loss=0.0412")
        until(lambda: job.record()["progress"], "progress")
        open_gate(job)
        assert screen.end() == 0
    assert not SCROLLS.search(screen.shown)
    assert b"size 90 24" in screen.shown


def test_ctrl_c_and_leaving_restore_the_terminal(job: World) -> None:
    with Screen(job, "run", "job") as screen:
        screen.wait_for(STATUS)
        screen.press(b"\x1c")
        assert screen.end() == 0
        assert restored(screen)
    with Screen(job, "attach", "last") as screen:
        screen.wait_for(STATUS)
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert restored(screen)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_signals_restore_the_terminal(job: World, number: int) -> None:
    with Screen(job, "run", "job") as screen:
        screen.wait_for(STATUS)
        screen.process.send_signal(number)
        screen.end()
        assert restored(screen)
    open_gate(job)


def test_it_stands_aside_and_comes_back(job: World) -> None:
    with Screen(job, "run", "job") as screen:
        screen.wait_for(STATUS)
        before = len(screen.shown)
        # a group that no shell looks after does not stop: the line goes, and is there again
        os.kill(screen.process.pid, signal.SIGTSTP)
        gone = b"\x1b7\x1b[r\x1b8\x1b7\x1b[30;1H\x1b[2K\x1b8"
        until(lambda: gone in screen.shown[before:], "the terminal for the shell")
        until(lambda: STATUS in screen.shown[before:].partition(gone)[2], "the line again")
        open_gate(job)
        assert screen.end() == 0
        assert restored(screen)


def test_it_moves_when_the_window_gets_another_size(job: World) -> None:
    with Screen(job, "run", "job", rows=24, columns=90) as screen:
        screen.wait_for(STATUS)
        screen.resize(40, 100)
        screen.wait_for(b"\x1b[1;39r")
        screen.wait_for(b"\x1b[40;1H")
        open_gate(job)
        assert screen.end() == 0


def test_runs_are_followed_in_a_list(job: World) -> None:
    job.start("run", "job")
    job.running()
    with Screen(job, "ps", "--watch", rows=20, columns=110) as screen:
        screen.wait_for(STATUS)
        open_gate(job)
        screen.wait_for(b"succeeded")  # it stays, with its end
        screen.press(b"q")
        assert screen.end() == 0
        assert screen.shown.endswith(b"\x1b[?1049l")


def test_a_list_that_is_followed_without_a_terminal_tells_changes(job: World) -> None:
    listed = job.home / "listed"
    with listed.open("wb") as out:
        watching = job.start("ps", "--watch", out=out.fileno())
    until(lambda: listed.read_bytes() == b"nothing is going on\n", "nothing")
    job.start("run", "job")
    until(lambda: b"running" in listed.read_bytes(), "a run that goes on")
    open_gate(job)
    until(lambda: b"succeeded" in listed.read_bytes(), "its end")
    watching.send_signal(signal.SIGINT)
    assert watching.wait(60) == 130


def test_what_does_not_go_together(world: World) -> None:
    assert world.wf("ps", "--watch", "--json").code == 64
    assert world.wf("ps", "--watch", "-a").code == 64
