"""The storm once more, with the command itself: smaller, as each run is a whole ``wf run``.

Jobs write to a journal which devices they see; the records say how they were had.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.allocation.lease import FileLeases
from tests.conftest import program, require, until
from tests.fakes import nvml
from tests.storm import audit

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

SEED = int(os.environ.get("WF_STORM_SEED", "20221"))
RUNS = 40
GPUS = 8
CORES = len(os.sched_getaffinity(0))
AT_ONCE = 12  # as many commands as this machine can start side by side within reason
WORKFLOW = f"""\
workflows:
  - name: one
    provider: bash
    commands: ['exec "$STORM_PYTHON" -I -S job.py']
    resources: {{cpu: 1, gpu: 1}}
  - name: all
    provider: bash
    commands: ['true']
    resources: {{cpu: {CORES}, gpu: {GPUS}}}
"""
# [in the environment: journal, seconds, seconds of a daemon]
JOB = """\
import json, os, sys, time
journal = os.open(os.environ["STORM_JOURNAL"], os.O_WRONLY | os.O_APPEND)
def say(what, **facts):
    said = {"what": what, "run": os.environ["WF_RUN"], "pid": os.getpid(), "at": time.monotonic()}
    os.write(journal, json.dumps({**said, **facts}).encode() + b"\\n")
def live(seconds):
    over = time.monotonic() + seconds
    while True:
        say("alive")
        if time.monotonic() >= over:
            os._exit(0)
        time.sleep(0.01)
devices = os.environ["CUDA_VISIBLE_DEVICES"].split(",")
say("granted", cpus=sorted(os.sched_getaffinity(0)), gpus=devices, memory=None, descriptors=0,
    queue={"number": None, "passed": []})
if "STORM_DAEMON" in os.environ and os.fork() == 0:
    os.setsid()
    live(float(os.environ["STORM_DAEMON"]))
live(float(os.environ["STORM_SECONDS"]))
"""
ASKED: dict[str, Any] = {"cpu": 1, "memory": None, "gpu": {"count": 1, "names": [], "memory": None}}


class Command:
    """One ``wf run``, and what will be done to it."""

    def __init__(self, world: World, draw: random.Random, number: int) -> None:
        variables: dict[str, Any] = {
            "STORM_JOURNAL": str(world.home / "journal"),
            "STORM_PYTHON": sys.executable,
            "STORM_NUMBER": str(number),
            "STORM_SECONDS": str(draw.choice((0.0, 0.05, 0.3))),
        }
        if draw.random() < 0.3:
            variables["STORM_DAEMON"] = str(draw.choice((0.05, 0.5)))
        self.killed = draw.choices((None, "wf", "job"), weights=(6, 3, 1))[0]
        if self.killed == "job":
            variables["STORM_SECONDS"] = "60"  # it is there until it is found
        self._when = time.monotonic() + draw.uniform(0.1, 4)
        self.process = world.start("run", "one", **variables)
        self._marks = f"STORM_NUMBER={number}", f"STORM_JOURNAL={variables['STORM_JOURNAL']}"
        self.was_killed = False

    def look(self) -> bool:
        """Kill what is to be killed, once it is time and it is there; whether it has ended."""
        if self.process.poll() is not None:
            return True
        if self.killed and not self.was_killed and time.monotonic() >= self._when:
            if self.killed == "wf":
                self.process.kill()
                self.was_killed = True
            else:
                killed = [pid for pid in self.jobs() if _kill(pid)]
                self.was_killed = bool(killed)
        return False

    def jobs(self) -> list[int]:
        """The processes of its job, which knows its workflow; uv at work for it does not."""
        return _processes(*self._marks, "WF_WORKFLOW=")


def _processes(*marks: str) -> list[int]:
    """Those that have all of these variables; a mark that ends with ``=`` stands for any value."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            said = (folder / "environ").read_bytes().decode(errors="replace").split("\0")
            if all(any(_is(one, mark) for one in said) for mark in marks):
                found.append(int(folder.name))
    return found


def _is(variable: str, mark: str) -> bool:
    return variable.startswith(mark) if mark.endswith("=") else variable == mark


def _kill(pid: int) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
        return True
    return False


def rage(world: World, seed: int) -> list[Command]:
    """Start all, so many at a time, and wait for the end of the last process."""
    draw = random.Random(seed)
    (world.home / "journal").touch()
    commands: list[Command] = []
    running: list[Command] = []
    while running or len(commands) < RUNS:
        while len(running) < AT_ONCE and len(commands) < RUNS:
            commands.append(Command(world, draw, len(commands)))
            running.append(commands[-1])
        running = [command for command in running if not command.look()]
        time.sleep(0.02)
    mark = f"STORM_JOURNAL={world.home / 'journal'}"
    until(lambda: not _processes(mark), "the end of all processes")
    return commands


def stories(world: World) -> dict[str, audit.Story]:
    """What the jobs wrote, and how each run's devices were had according to its record."""
    told = audit.read((world.home / "journal").read_text())
    for name in world.runs():
        story = told.setdefault(name, audit.Story(name))
        story.asked = ASKED
        granted = world.folder(name) / "granted.json"
        if granted.exists():
            story.turn = _recorded(granted)
    return told


def _recorded(granted: Path) -> dict[str, Any]:
    turn: dict[str, Any] = json.loads(granted.read_text())["queue"]
    return turn


def said(command: Command) -> str:
    """What a command wrote to stderr."""
    assert command.process.stderr is not None
    return command.process.stderr.read().decode(errors="replace")


def test_forty_commands_of_which_some_are_killed(
    world: World, tmp_path_factory: pytest.TempPathFactory
) -> None:
    require("gcc", program("gcc"))
    world.workflows(WORKFLOW)
    world.write("job.py", JOB)
    driver = nvml.build(tmp_path_factory.mktemp("nvml"))
    world.variables.update(driver, FAKE_GPUS=str(GPUS))
    commands = rage(world, SEED)
    told = stories(world)
    shown = f"WF_STORM_SEED={SEED}; journal in {world.home / 'journal'}"
    faults = audit.faults(told, ())
    assert not faults, "\n".join([shown, *faults])
    for command in commands:
        if not command.was_killed:
            assert command.process.returncode == 0, f"{shown}\n{said(command)}"
        elif command.killed == "job":
            ends = {0, 128 + signal.SIGKILL}  # it may have been about to end
            assert command.process.returncode in ends, f"{shown}\n{said(command)}"
    assert {command.killed for command in commands if command.was_killed} == {"wf", "job"}
    standing = FileLeases(Path(world.variables["WF_LOCKS"])).standing()
    assert (standing.holders, standing.queue) == ((), ()), shown
    everything = world.wf("run", "all", "--no-wait")
    assert everything.code == 0, f"{shown}\n{everything.err}"
    listed = world.wf("ps", "-a", "--json").json()
    assert {run["status"] for run in listed} <= {"succeeded", "failed", "interrupted", "lost"}, (
        shown
    )
