"""The whole project in one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

PROJECT = """\
workflows:
  - {name: report, provider: bash, depends-on: [train], commands: [cat m/x]}
  - {name: train, provider: bash, deps: [prepare], commands: [cp d/x m/x], artifacts: [m]}
  - {name: prepare, provider: bash, commands: [echo data > d/x], artifacts: [d]}
  - {name: other, provider: bash, commands: [echo other]}
"""
FAILING = """\
workflows:
  - {name: a, provider: bash, commands: [echo one, echo two, exit 3]}
  - {name: b, provider: bash, depends-on: [a], commands: [echo b]}
  - {name: c, provider: bash, commands: [exit 4]}
  - {name: d, provider: bash, commands: [echo d]}
"""
HUGE = "  - {name: huge, provider: bash, commands: ls, resources: {gpu: 4096}}\n"


def test_everything_is_run_in_an_order_that_works(world: World) -> None:
    world.workflows(PROJECT)
    done = world.wf("run", "--all")
    assert done.code == 0, done.err
    order = [run["workflow"] for run in reversed(world.wf("ps", "-a", "--json").json())]
    assert order.index("prepare") < order.index("train") < order.index("report")
    assert len(order) == 4
    assert "4 succeeded in" in done.err
    assert done.out == ""
    report = next(r for r in world.wf("ps", "-a", "--json").json() if r["workflow"] == "report")
    assert world.wf("logs", report["name"]).out == "data\n"


def test_nothing_is_reused(world: World) -> None:
    world.workflows(PROJECT)
    world.wf("run", "--all")
    assert world.wf("run", "--all").code == 0
    assert len(world.runs()) == 8


def test_deps_take_the_run_that_was_made_now(world: World) -> None:
    world.workflows(PROJECT)
    world.wf("run", "--all")
    world.wf("run", "--all")
    runs = {run["workflow"]: run["name"] for run in reversed(world.wf("ps", "-a", "--json").json())}
    assert world.record(runs["train"])["dependencies"][0]["run"] == runs["prepare"]


def test_the_first_failure_ends_it(world: World) -> None:
    world.workflows(FAILING)
    done = world.wf("run", "--all")
    assert done.code == 3
    assert "│ one\n" in done.err
    assert "│ two\n" in done.err
    assert "skipped: a failed" in done.err
    assert "1 failed, 3 skipped" in done.err
    assert f"next: wf show {world.record()['name']}" in done.err
    assert len(world.runs()) == 1


def test_keep_going_skips_only_what_needs_the_failed_one(world: World) -> None:
    world.workflows(FAILING)
    done = world.wf("run", "--all", "--keep-going")
    assert done.code == 3
    assert "1 succeeded, 2 failed, 1 skipped" in done.err
    assert len(world.runs()) == 3


def test_what_this_machine_can_never_run_fails_by_itself(world: World) -> None:
    world.workflows(FAILING.replace("exit 3", "exit 0").replace("exit 4", "exit 0") + HUGE)
    done = world.wf("run", "--all", "--keep-going", "--json")
    assert done.code == 69
    document = done.json()
    assert document["exit_code"] == 69
    assert [run["status"] for run in document["runs"]] == ["succeeded"] * 4
    (refused,) = document["skipped"]
    assert (refused["workflow"], refused["reason"]) == ("huge", "refused")
    assert "4,096 GPUs" in refused["message"]


def test_all_as_json(world: World) -> None:
    world.workflows(FAILING)
    document = world.wf("run", "--all", "--json").json()
    assert [(run["workflow"], run["exit_code"]) for run in document["runs"]] == [("a", 3)]
    assert [told["workflow"] for told in document["skipped"]] == ["b", "c", "d"]
    assert {told["reason"] for told in document["skipped"]} == {"failure"}


def test_jobs_go_on_side_by_side(world: World) -> None:
    """Each waits for a file that the other one makes."""
    world.variables["MEET"] = str(world.home)
    wait = "until test -e $MEET/{0}; do sleep 0.02; done"
    world.workflows(f"""\
workflows:
  - {{name: a, provider: bash, commands: [touch $MEET/a, {wait.format("b")}]}}
  - {{name: b, provider: bash, commands: [touch $MEET/b, {wait.format("a")}]}}
""")
    done = world.wf("run", "--all", "--parallel", "2")
    assert done.code == 0, done.err


def test_choices_hold_for_all(world: World) -> None:
    world.workflows("""\
workflows:
  - {name: a, provider: bash, commands: [echo $X]}
  - {name: b, provider: bash, commands: [echo $X]}
""")
    assert world.wf("run", "--all", "-e", "X=7").code == 0
    assert {world.wf("logs", name).out for name in world.runs()} == {"7\n"}


def test_the_plan_of_all(world: World) -> None:
    world.workflows(PROJECT)
    document = world.wf("run", "--all", "--dry-run", "--json").json()
    assert document["workflow"] is None
    names = [job["workflow"] for job in document["jobs"]]
    assert names == ["prepare", "train", "report", "other"]
    assert world.runs() == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("run",), "no workflow is named"),
        (("run", "--all", "a"), "`a` is for one workflow"),
        (("run", "--all", "--lr", "3"), "`--lr` is for one workflow"),
        (("run", "--all", "--", "x"), "`--` is for one workflow"),
        (("run", "--all", "--parallel", "0"), "at least 1"),
        (("run", "--all", "--parallel", "x"), "at least 1"),
    ],
)
def test_mistakes(world: World, words: tuple[str, ...], said: str) -> None:
    world.workflows(FAILING)
    done = world.wf(*words)
    assert done.code == 64
    assert said in done.err
    assert world.runs() == []
