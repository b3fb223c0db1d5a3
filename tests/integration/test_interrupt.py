"""Asking a run to stop: politely, firmly, from a terminal and from outside."""

from __future__ import annotations

import os
import signal
import stat
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import hear, until
from tests.integration.screen import CTRL_C, Screen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

POLITE = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - trap 'echo cleaning up; echo partial > model/last.ckpt; exit 7' INT TERM
      - echo $$ > "$PID_FILE"
      - echo begun
      - for i in {1..600}; do sleep 0.1; done
"""
STUBBORN = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
      - trap '' INT TERM HUP
      - echo early > model/first.ckpt
      - echo $$ > "$PID_FILE"
      - echo begun
      - for i in {1..600}; do sleep 0.1; done
"""
PLAIN = """\
workflows:
  - name: job
    provider: bash
    commands:
      - echo $$ > "$PID_FILE"
      - echo begun
      - exec sleep 60
"""


@pytest.fixture
def pid_file(world: World) -> Path:
    """Where the job says which process it is."""
    path = world.home / "pid"
    world.variables["PID_FILE"] = str(path)
    return path


def gone(pid_file: Path) -> bool:
    """Whether the job's process has ended."""
    try:
        os.kill(int(pid_file.read_text()), 0)
    except ProcessLookupError:
        return True
    return False


def statuses(record: Any) -> list[str]:
    return [entry["status"] for entry in record["history"]]


def test_ctrl_c_once_asks_the_job_and_keeps_what_it_made(world: World, pid_file: Path) -> None:
    world.workflows(POLITE)
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"cleaning up" in screen.shown
        assert b"press Ctrl-C again to kill" in screen.shown
        assert b"Traceback" not in screen.shown
    record = world.record()
    assert record["status"] == "cancelled"
    assert record["reason"] == "interrupted"
    assert "SIGINT" in record["message"]
    assert record["exit_code"] == 7
    assert statuses(record)[-2:] == ["collecting", "cancelled"]
    (artifact,) = record["artifacts"]
    assert (artifact["path"], artifact["files"]) == ("model", 1)
    assert world.wf("logs", "last").out == "begun\ncleaning up\n"
    assert gone(pid_file)


def test_ctrl_c_ends_a_job_that_does_nothing_about_it(world: World, pid_file: Path) -> None:
    world.workflows(PLAIN)
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_C)
        assert screen.end() == 130
    record = world.record()
    assert (record["status"], record["exit_code"]) == ("cancelled", 130)
    assert gone(pid_file)


def test_ctrl_c_twice_kills_a_job_that_ignores_it(world: World, pid_file: Path) -> None:
    world.workflows(STUBBORN)
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_C)
        screen.wait_for(b"press Ctrl-C again to kill")
        assert screen.process.poll() is None
        assert not gone(pid_file)
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"killed" in screen.shown
    record = world.record()
    assert record["status"] == "cancelled"
    assert "had to be killed" in record["message"]
    assert record["exit_code"] == 137
    assert [artifact["files"] for artifact in record["artifacts"]] == [1]
    assert gone(pid_file)


def test_ctrl_c_many_times_does_no_harm(world: World, pid_file: Path) -> None:
    world.workflows(STUBBORN)
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_C)
        screen.wait_for(b"press Ctrl-C again to kill")
        for _ in range(8):
            screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"Traceback" not in screen.shown
    record = world.record()
    assert record["status"] == "cancelled"
    assert gone(pid_file)


def test_sigterm_is_passed_on(world: World, pid_file: Path) -> None:
    world.workflows(POLITE)
    run = world.start("run", "job")
    until(pid_file.exists, "a job")
    run.send_signal(signal.SIGTERM)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in err
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "stopped")
    assert "SIGTERM" in record["message"]
    assert [artifact["files"] for artifact in record["artifacts"]] == [1]
    assert "cleaning up" in world.wf("logs", "last").out
    assert gone(pid_file)


def test_sigterm_twice_kills(world: World, pid_file: Path) -> None:
    world.workflows(STUBBORN)
    run = world.start("run", "job")
    until(pid_file.exists, "a job")
    run.send_signal(signal.SIGTERM)
    hear(run, b"stopping")
    run.send_signal(signal.SIGTERM)
    run.communicate(timeout=60)
    assert run.returncode == 128 + signal.SIGTERM
    assert "had to be killed" in world.record()["message"]
    assert gone(pid_file)


def test_devices_are_free_after_an_interrupt(world: World, pid_file: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    world.workflows(PLAIN + f"    resources: {{cpu: {cores}}}\n")
    run = world.start("run", "job")
    until(pid_file.exists, "a job")
    assert world.wf("run", "job", "--no-wait").code == 75
    run.send_signal(signal.SIGINT)
    run.wait(60)
    again = world.start("run", "job", "--no-wait", PID_FILE=str(pid_file) + "2")
    until(pid_file.with_name("pid2").exists, "another job")
    again.send_signal(signal.SIGINT)
    assert again.wait(60) == 130


def test_ctrl_c_while_waiting_for_devices(world: World, pid_file: Path) -> None:
    cores = len(os.sched_getaffinity(0))
    world.workflows(PLAIN + f"    resources: {{cpu: {cores}}}\n")
    first = world.start("run", "job")
    until(pid_file.exists, "a job")
    with Screen(world, "run", "job") as screen:
        screen.wait_for(b"waiting for")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"Traceback" not in screen.shown
    listed = {run["name"]: run["status"] for run in world.wf("ps", "-a", "--json").json()}
    assert sorted(listed.values()) == ["cancelled", "running"]
    (waited,) = (name for name, status in listed.items() if status == "cancelled")
    record = world.record(waited)
    assert record["started_at"] is None
    assert record["exit_code"] is None
    assert "before the job started" in record["message"]
    assert first.poll() is None


def test_interrupted_before_there_is_a_run(world: World, tmp_path: Path) -> None:
    """While git is asked, say: nothing is on the record, and there is no traceback."""
    folder = tmp_path / "slow"
    folder.mkdir()
    git, asked = folder / "git", folder / "asked"
    git.write_text(f"#!/bin/sh\ntouch {asked}\nexec sleep 60\n")
    git.chmod(git.stat().st_mode | stat.S_IXUSR)
    world.workflows(PLAIN)
    run = world.start("run", "job", PATH=f"{folder}:{world.variables['PATH']}")
    until(asked.exists, "git being asked")
    run.send_signal(signal.SIGINT)
    _, err = run.communicate(timeout=60)
    assert run.returncode == 130
    assert b"Traceback" not in err
    assert world.runs() == []


def test_an_interrupted_reading_command_is_quiet(world: World, pid_file: Path) -> None:
    """``wf logs -f``, left with Ctrl-C, leaves the run alone."""
    world.workflows(PLAIN)
    run = world.start("run", "job")
    until(pid_file.exists, "a job")
    with Screen(world, "logs", "-f", "last") as screen:
        screen.wait_for(b"begun")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"Traceback" not in screen.shown
    assert run.poll() is None
    assert world.record()["status"] == "running"
