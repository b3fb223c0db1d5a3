"""Several jobs at once: asked to stop, killed, and on a terminal."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import hear, kill, until
from tests.integration.screen import CTRL_C, Screen

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

JOBS = """\
workflows:
  - name: one
    provider: bash
    artifacts: [model]
    commands:
      - {trap}
      - echo $$ > "$PIDS/one"
      - for i in {{1..600}}; do sleep 0.1; done
  - name: two
    provider: bash
    commands:
      - {trap}
      - echo $$ > "$PIDS/two"
      - for i in {{1..600}}; do sleep 0.1; done
  - name: three
    provider: bash
    depends-on: [one, two]
    commands: [echo three]
"""
POLITE = JOBS.format(trap="trap 'echo partial > model/last; exit 7' INT TERM HUP")
STUBBORN = JOBS.format(trap="trap '' INT TERM HUP")


@pytest.fixture
def pids(world: World) -> Path:
    """Where the jobs say which processes they are."""
    folder = world.home / "pids"
    folder.mkdir()
    world.variables["PIDS"] = str(folder)
    return folder


def begun(pids: Path) -> bool:
    return all((pids / name).exists() and (pids / name).read_text() for name in ("one", "two"))


def gone(pids: Path) -> bool:
    return not any(_lives(int(path.read_text())) for path in pids.iterdir())


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def runs(world: World) -> dict[str, Any]:
    return {run["workflow"]: run for run in world.wf("ps", "-a", "--json").json()}


def test_ctrl_c_asks_all_jobs_and_starts_no_more(world: World, pids: Path) -> None:
    world.workflows(POLITE)
    with Screen(world, "run", "--all", "--parallel", "2") as screen:
        until(lambda: begun(pids), "both jobs")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"press Ctrl-C again to kill" in screen.shown
        assert b"Traceback" not in screen.shown
    assert gone(pids)
    found = runs(world)
    assert {name: run["status"] for name, run in found.items()} == {
        "one": "cancelled",
        "two": "cancelled",
    }
    assert {run["reason"] for run in found.values()} == {"interrupted"}
    assert world.record(found["one"]["name"])["artifacts"][0]["files"] == 1


def test_ctrl_c_twice_kills_all(world: World, pids: Path) -> None:
    world.workflows(STUBBORN)
    with Screen(world, "run", "three", "--parallel", "2") as screen:
        until(lambda: begun(pids), "both jobs")
        screen.press(CTRL_C)
        screen.wait_for(b"press Ctrl-C again to kill")
        assert not gone(pids)
        screen.press(CTRL_C)
        assert screen.end() == 130
    assert gone(pids)
    assert {run["status"] for run in runs(world).values()} == {"cancelled"}


def test_sigterm_reaches_all(world: World, pids: Path) -> None:
    world.workflows(POLITE)
    wf = world.start("run", "--all", "--parallel", "2")
    until(lambda: begun(pids), "both jobs")
    wf.send_signal(signal.SIGTERM)
    hear(wf, b"2 cancelled, 1 skipped")
    assert wf.wait(60) == 128 + signal.SIGTERM
    assert gone(pids)


def test_nothing_is_left_when_the_command_is_killed(world: World, pids: Path) -> None:
    world.workflows(POLITE)
    wf = world.start("run", "--all", "--parallel", "2")
    until(lambda: begun(pids), "both jobs")
    kill(wf)
    until(lambda: gone(pids), "the end of both jobs")
    until(lambda: {run["status"] for run in runs(world).values()} == {"cancelled"}, "their records")


def test_a_terminal_shows_what_goes_on(world: World, pids: Path) -> None:
    text = POLITE.replace('echo $$ > "$PIDS/one"', 'echo epoch 3 of 9; echo $$ > "$PIDS/one"')
    world.workflows(text)
    with Screen(world, "run", "--all", "--parallel", "2", columns=60) as screen:
        screen.wait_for(b"epoch 3 of 9")
        until(lambda: begun(pids), "both jobs")
        assert b"1 waiting" in screen.shown
        screen.press(CTRL_C)
        assert screen.end() == 130


def test_ctrl_c_in_a_chain_skips_what_follows(world: World, pids: Path) -> None:
    text = POLITE.replace("depends-on: [one, two]", "depends-on: [one]")
    world.workflows(text)
    with Screen(world, "run", "three") as screen:
        until((pids / "one").exists, "the first job")
        screen.press(CTRL_C)
        assert screen.end() == 130
        assert b"skipped: one failed" in screen.shown
    assert {name: run["status"] for name, run in runs(world).items()} == {"one": "cancelled"}
    assert gone(pids)


ONE_BY_ONE = """\
workflows:
  - name: one
    provider: bash
    commands: [echo $PPID > "$PIDS/one"]
  - name: two
    provider: bash
    depends-on: [one]
    commands:
      - echo $PPID > "$PIDS/two"
      - {end}
      - for i in {{1..600}}; do sleep 0.1; done
  - name: three
    provider: bash
    depends-on: [one]
    commands: [echo $PPID > "$PIDS/three"]
"""


def test_a_child_that_dies_takes_its_present_job_along_and_no_other(
    world: World, pids: Path
) -> None:
    world.workflows(ONE_BY_ONE.format(end="kill -KILL $PPID"))
    ran = world.wf("run", "--all", "--parallel", "1", "--keep-going")
    assert "two" in ran.err
    assert "its process ended by itself (-9)" in ran.err
    one, two, three = ((pids / name).read_text() for name in ("one", "two", "three"))
    assert one == two != three
    found = {name: run["status"] for name, run in runs(world).items()}
    assert found == {"one": "succeeded", "two": "lost", "three": "succeeded"}


def test_stopping_one_run_leaves_the_next_one_of_its_child_alone(world: World, pids: Path) -> None:
    world.workflows(ONE_BY_ONE.format(end="touch begun"))
    wf = world.start("run", "--all", "--parallel", "1", "--keep-going")
    until((pids / "two").exists, "the second job")
    stopped = world.wf("stop", runs(world)["two"]["name"])
    assert stopped.code == 0
    hear(wf, b"2 succeeded, 1 cancelled")
    wf.wait(60)
    assert (pids / "two").read_text() == (pids / "three").read_text()
    found = {name: run["status"] for name, run in runs(world).items()}
    assert found == {"one": "succeeded", "two": "cancelled", "three": "succeeded"}
