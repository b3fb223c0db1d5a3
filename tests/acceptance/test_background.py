"""Runs in the background: what a script gets, and when."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.conftest import until

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - name: slow
    provider: bash
    artifacts: [data]
    commands:
      - for i in {1..600}; do if [ -e "$GATE" ]; then break; fi; sleep 0.1; done
      - echo sample > data/x
      - exit $CODE
  - name: train
    provider: bash
    depends-on: [slow]
    commands: [cat data/x]
"""


def begin(world: World, *words: str, code: int = 0) -> str:
    """Start it in the background; the run's name, alone on stdout."""
    world.workflows(FILE)
    world.variables.update(GATE=str(world.home / "gate"), CODE=str(code))
    # that this returns shows that nobody holds its streams any more
    done = world.wf("run", "-d", *words)
    assert done.code == 0, done.err
    run = done.out.removesuffix("\n")
    assert f"wf attach {run}" in done.err
    assert run in world.runs()
    return run


def statuses(world: World) -> list[str]:
    """Those of all runs, the newest first."""
    return [row["status"] for row in world.wf("ps", "-a", "--json").json()]


def test_the_run_goes_on_and_can_be_waited_for(world: World) -> None:
    run = begin(world, "slow", code=3)
    assert world.record(run)["status"] in {"pending", "provisioning", "running"}
    (world.home / "gate").touch()
    assert world.wf("wait", run).code == 3
    assert world.wf("attach", run).code == 3


def test_a_script_can_have_the_document(world: World) -> None:
    world.workflows(FILE)
    (world.home / "gate").touch()
    done = world.wf("run", "slow", "-d", "--json", GATE=str(world.home / "gate"), CODE="0")
    document = done.json()
    assert document["workflow"] == "slow"
    assert world.wf("wait", document["name"]).code == 0


def test_the_name_is_that_of_the_run_that_was_asked_for(world: World) -> None:
    run = begin(world, "train")
    record = world.record(run)
    assert (record["workflow"], record["status"]) == ("train", "pending")
    (world.home / "gate").touch()
    assert world.wf("attach", run).out == "sample\n"
    record = world.record(run)
    assert record["status"] == "succeeded"
    (given,) = record["dependencies"]
    assert (given["run"] in world.runs(), given["artifacts"]) == (True, ["data"])


def test_what_it_depends_on_fails(world: World) -> None:
    run = begin(world, "train", code=4)
    (world.home / "gate").touch()
    assert world.wf("wait", run).code != 0
    record = world.record(run)
    assert (record["status"], record["reason"]) == ("cancelled", "dependency")
    assert "slow" in record["message"]
    assert record["started_at"] is None
    assert set(statuses(world)) == {"cancelled", "failed"}


def test_it_is_stopped_while_it_waits_for_what_it_depends_on(world: World) -> None:
    run = begin(world, "train")
    until(world.running, "a job")
    assert world.wf("stop", run).code == 0
    record = world.record(run)
    assert (record["status"], record["reason"]) == ("cancelled", "stopped")
    assert statuses(world) == ["cancelled", "cancelled"]


def test_a_tag_is_given_though_nobody_watches(world: World) -> None:
    run = begin(world, "slow", "-t", "best")
    (world.home / "gate").touch()
    assert world.wf("wait", run).code == 0
    until(lambda: world.wf("show", ":best").code == 0, "the tag")
    assert world.record(":best")["name"] == run


def test_all_of_a_file(world: World) -> None:
    world.workflows(FILE)
    gate = world.home / "gate"
    done = world.wf("run", "--all", "-d", GATE=str(gate), CODE="0")
    assert (done.code, done.out) == (0, "")
    assert "2 workflows in the background" in done.err
    # what is edited now is not part of it
    world.workflows(FILE.replace("cat data/x", "exit 1"))
    gate.touch()
    until(lambda: statuses(world) == ["succeeded", "succeeded"], "the end of both runs")


def test_what_is_wrong_is_told_at_once(world: World) -> None:
    world.workflows(FILE + "    resources: {cpu: 100000}\n")
    done = world.wf("run", "-d", "train")
    assert (done.code, done.out) == (69, "")
    assert "100000" in done.err
    assert world.runs() == []
    assert world.wf("run", "--all", "-d", "--json").code == 64


def test_there_is_no_such_run(world: World) -> None:
    assert world.wf("attach", "nothing").code == 64
