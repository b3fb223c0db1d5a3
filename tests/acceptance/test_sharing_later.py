"""A run with many small files does not wait until they are one with those of other runs."""

from __future__ import annotations

import os
import signal
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.paths import Home, RunPaths
from tests.conftest import carriers, until

if TYPE_CHECKING:
    from tests.conftest import World

FILES = 300  # more than are shared at once
WORKFLOWS = """\
workflows:
  - name: many
    provider: bash
    commands:
      - mkdir out; for i in $(seq 300); do echo $i > out/$i; done
    artifacts: [out]
  - name: writer
    provider: bash
    deps: [many]
    commands:
      - for i in $(seq 300); do echo other > out/$i; done
  - name: nested
    provider: bash
    commands:
      - cd "$PROJECT" && "$PYTHON" -m runner run many
"""


@pytest.fixture(autouse=True)
def workflows(world: World) -> None:
    world.workflows(WORKFLOWS)


def paths(world: World, run: str) -> RunPaths:
    return Home(Path(world.variables["WF_HOME"])).run(run)


def mark(world: World, run: str) -> Path:
    return Home(Path(world.variables["WF_HOME"])).unshared / run


def shared(world: World, run: str = "last") -> str:
    """The name of a run, once its files are shared."""
    name = str(world.record(run)["name"])
    until(lambda: not mark(world, name).exists(), "its files being shared")
    return name


def unshared(world: World) -> str:
    """A run whose files were to be shared by somebody who was killed."""
    assert world.wf("run", "many", WF_FAILPOINTS="sharing=kill").code == 0
    until(lambda: not carriers(world.home), "the end of whoever shared them")
    name = str(world.record()["name"])
    assert mark(world, name).exists()
    return name


def inodes(world: World, run: str) -> set[int]:
    return {path.stat().st_ino for path in (paths(world, run).artifacts / "out").iterdir()}


def modes(world: World, run: str) -> set[int]:
    out = paths(world, run).artifacts / "out"
    return {stat.S_IMODE(path.stat().st_mode) for path in out.iterdir()}


def used(world: World) -> int:
    found = {}
    for folder in ("runs", "objects"):
        for path in Path(world.variables["WF_HOME"], folder).rglob("*"):
            found[path.lstat().st_ino] = path.lstat().st_blocks * 512
    return sum(found.values())


def test_it_is_done_when_the_run_is_over(world: World) -> None:
    assert world.wf("run", "many").code == 0
    first = shared(world)
    assert world.wf("run", "many").code == 0
    second = shared(world)
    assert inodes(world, first) == inodes(world, second)
    assert len(inodes(world, first)) == FILES
    assert modes(world, second) == {0o444}
    (listed,) = world.wf("artifacts", "list", "last", "--json").json()["artifacts"]
    assert listed["same_as"] == first
    assert world.wf("artifacts", "verify").code == 0


def test_nobody_waits_for_it(world: World) -> None:
    """Neither the command, nor who reads what it says, nor another one that is about the run."""
    assert world.wf("run", "many", WF_FAILPOINTS="sharing=stop").code == 0
    (pid,) = until(lambda: carriers(world.home), "whoever shares its files")
    record = world.record()
    assert record["status"] == "succeeded"
    assert len(inodes(world, record["name"])) == FILES
    assert world.wf("artifacts", "verify").code == 0
    assert world.wf("stop", "-a").code == 0
    held = {os.readlink(link) for link in Path(f"/proc/{pid}/fd").iterdir()}
    mine = str(paths(world, record["name"]).root)
    assert {os.path.relpath(path, mine) for path in held} <= {
        os.path.relpath("/dev/null", mine),
        "artifacts",
        "manifest/0.jsonl",
        os.path.relpath(mark(world, record["name"]), mine),
    }
    os.kill(pid, signal.SIGKILL)


def test_what_can_still_be_written_to_is_given_out_as_a_copy(world: World) -> None:
    first = unshared(world)
    assert 0o644 in modes(world, first)
    assert world.wf("run", "writer").code == 0
    assert world.wf("artifacts", "verify", first).code == 0
    pulled = world.home / "pulled"
    assert world.wf("artifacts", "pull", first, "-o", str(pulled)).code == 0
    found = list((pulled / "out").iterdir())
    assert len(found) == FILES
    assert {stat.S_IMODE(path.stat().st_mode) for path in found} == {0o644}
    assert {path.stat().st_ino for path in found}.isdisjoint(inodes(world, first))


def test_who_is_killed_is_followed_by_the_next_run(world: World) -> None:
    first = unshared(world)
    assert world.wf("run", "many").code == 0
    assert inodes(world, shared(world)) == inodes(world, shared(world, first))


def test_prune_does_it_and_says_what_that_freed(world: World) -> None:
    first, second = unshared(world), unshared(world)
    own = inodes(world, second) - inodes(world, first)
    assert own
    before = used(world)
    told = world.wf("prune", "--json").json()
    assert inodes(world, first) == inodes(world, second)
    assert modes(world, first) == modes(world, second) == {0o444}
    assert told["removed"] == []
    assert told["freed_bytes"] == len(own) * 4096
    # the pool has grown by its folders
    assert before - used(world) <= told["freed_bytes"]
    assert world.wf("prune").err == "nothing to remove\n"


def unreadable(world: World) -> tuple[str, str]:
    """Two such runs: the list of the first cannot be read."""
    first, second = sorted(unshared(world) for _ in range(2))
    (listed,) = paths(world, first).lists.iterdir()
    listed.unlink()
    listed.mkdir()
    return first, second


def test_one_that_cannot_be_read_keeps_no_other_from_it(world: World) -> None:
    first, second = unreadable(world)
    assert world.wf("run", "many").code == 0
    shared(world)
    shared(world, second)
    assert mark(world, first).exists()


def test_prune_goes_on_and_names_it(world: World) -> None:
    first, second = unreadable(world)
    pruned = world.wf("prune")
    assert pruned.code == 73
    assert f"error: equal files of {first} could not be made one: Is a directory" in pruned.err
    assert not mark(world, second).exists()
    assert modes(world, second) == {0o444}


def test_prune_says_both_in_one_document(world: World) -> None:
    first, _ = unreadable(world)
    pruned = world.wf("prune", "--json")
    told = pruned.json()
    assert (pruned.code, told["removed"], told["error"]["exit_code"]) == (73, [], 73)
    assert first in told["error"]["message"]
    assert told["error"]["message"] in pruned.err


def test_collecting_again_does_it(world: World) -> None:
    first = unshared(world)
    second = unshared(world)
    for run in (first, second):
        assert world.wf("artifacts", "collect", run).code == 0
    assert inodes(world, first) == inodes(world, second)
    assert not mark(world, second).exists()


def test_a_run_within_a_job_has_it_done_before(world: World) -> None:
    """Nothing may outlive the job."""
    world.variables.update(PROJECT=str(world.project), PYTHON=sys.executable)
    done = world.wf("run", "nested", WF_FAILPOINTS="sharing=stop")
    assert done.code == 0
    assert "outlived" not in done.err
    (many,) = (run for run in world.runs() if world.record(run)["workflow"] == "many")
    assert not mark(world, many).exists()
    files = (paths(world, many).artifacts / "out").iterdir()
    assert {path.stat().st_nlink for path in files} == {2}
