"""``wf prune``: what goes, what stays and why, and what is said of it."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from runner.paths import Home
from tests.conftest import until
from tests.unit.records.made import make

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World


@pytest.fixture
def home(world: World) -> Home:
    return Home(world.home / "state")


def test_what_is_old_and_not_needed_goes(world: World, home: Home) -> None:
    make(home, "old-fox-1", days=400, status="failed")
    make(home, "old-fox-2", days=300)
    pruned = world.wf("prune")
    assert (pruned.code, pruned.out) == (0, "")
    assert "1 run of that age is needed; --dry-run says what for\n" in pruned.err
    assert "removed 1 run (old-fox-1) and freed" in pruned.err
    assert world.runs() == ["old-fox-2"]
    assert world.wf("prune").err.endswith("nothing to remove\n")


def test_what_would_go_is_only_said(world: World, home: Home) -> None:
    make(home, "old-fox-1", days=4000, status="failed")
    make(home, "old-fox-2", days=3000)
    asked = world.wf("prune", "--dry-run")
    assert asked.code == 0
    assert asked.out.splitlines()[0].split() == ["RUN", "WORKFLOW", "STATUS", "OVER", "FOR", "SIZE"]
    assert asked.out.splitlines()[1].startswith("old-fox-1   train      failed   ")
    assert "old-fox-2 stays: it is the newest of train that succeeded\n" in asked.err
    assert "would remove 1 run (old-fox-1) and free " in asked.err
    assert world.runs() == ["old-fox-1", "old-fox-2"]


def test_the_room_that_is_freed_is_what_the_files_took(world: World, home: Home) -> None:
    paths = make(home, "old-fox-1", days=4000, status="failed")
    paths.artifacts.mkdir()
    (paths.artifacts / "model.ckpt").write_bytes(b"x" * 3_000_000)
    told = world.wf("prune", "--dry-run", "--json").json()
    assert told["dry_run"] is True
    (run,) = told["removed"]
    assert told["freed_bytes"] == run["bytes"] > 3_000_000
    assert world.wf("prune", "--json").json() == {**told, "dry_run": False}
    assert world.runs() == []


def test_a_mistake_names_the_option(world: World) -> None:
    for words, said in (
        (("--keep", "few"), "--keep: a number is wanted, not `few`"),
        (("--keep", "9" * 20), "--keep: a number is wanted, not `99999999999999999999`"),
        (("--keep", "9" * 5000), "--keep: a number is wanted, not `999"),
        (("--older-than", "long"), "--older-than: "),
        (("--status", "failled"), "--status: no run ends as `failled`"),
        (("--status", "running"), "--status: no run ends as `running`"),
    ):
        refused = world.wf("prune", *words)
        assert refused.code == 64
        assert said in refused.err


def test_a_run_that_goes_on_stays(world: World) -> None:
    world.workflows("workflows:\n  - {name: job, provider: bash, commands: [sleep 60]}\n")
    world.start("run", "job")
    name = world.running()
    pruned = world.wf("prune", "--older-than", "off", "--json").json()
    assert (pruned["removed"], pruned["kept"]) == ([], [])
    assert world.runs() == [name]


def test_what_killed_commands_left_goes_too(world: World, home: Home) -> None:
    left = (home.removed / "old-fox-1-0", home.submissions / "1-0", home.starting / "0")
    for folder in left:
        folder.mkdir(parents=True)
        (folder / "file").touch()
        os.utime(folder, (0, 0))
    home.crash_reports.mkdir()
    for name, days in (("old", 40 * 86400), ("new", 0)):
        (home.crash_reports / name).touch()
        at = (home.crash_reports / name).stat().st_mtime - days
        os.utime(home.crash_reports / name, (at, at))
    assert world.wf("prune", "--dry-run").code == 0
    assert len(os.listdir(home.crash_reports)) == 2
    assert world.wf("prune").code == 0
    assert [folder for folder in left if folder.exists()] == []
    assert os.listdir(home.crash_reports) == ["new"]


def test_a_kill_while_it_removes_leaves_whole_runs_only(world: World, home: Home) -> None:
    for _ in range(20):
        _kill_prune(world, home)
        if _listed(home.runs):  # it may have been faster, but not every time
            break
    listed = world.wf("ps", "-a", "--json").json()
    assert [run["name"] for run in listed if not home.run(run["name"]).log.exists()] == []
    assert {run["name"] for run in listed} == set(world.runs())
    assert len(listed) > 0
    assert world.wf("prune").code == 0
    assert (_listed(home.runs), _listed(home.removed)) == ([], [])


def _kill_prune(world: World, home: Home) -> None:
    """Kill it once it has removed some of many."""
    for number in range(300):
        paths = make(home, f"old-fox-{number}", days=400 + number, status="failed")
        (paths.root / "more").mkdir()
        for file in range(20):
            (paths.root / "more" / str(file)).touch()
    world.wf("ps")  # the index is there
    process = world.start("prune")
    until(lambda: len(_listed(home.runs)) < 250, "some that are removed")
    process.send_signal(signal.SIGKILL)
    process.wait()


def _listed(folder: Path) -> list[str]:
    return os.listdir(folder)


def test_what_came_of_a_pull_that_nobody_finished_goes(world: World) -> None:
    world.variables["WF_CACHE"] = str(world.home / "cache")
    pull = world.home / "cache/pulls/0123"
    (pull / "contents").mkdir(parents=True)
    part = pull / "contents/4567.part"
    part.write_bytes(b"x" * 1_000_000)
    assert world.wf("prune").err == "nothing to remove\n"
    assert part.exists()
    asked = world.wf("prune", "--older-than", "off", "--dry-run")
    assert asked.err == "would remove what came of pulls that nobody finished and free 1 MB\n"
    freed = world.wf("prune", "--older-than", "off", "--json").json()["freed_bytes"]
    assert freed >= 1_000_000
    assert not pull.exists()
