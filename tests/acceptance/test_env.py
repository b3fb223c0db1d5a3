"""Environments in the cache: listed, shown, verified and removed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

FILE = "workflows:\n  - {name: train, provider: bash, commands: [echo trained]}\n"


@pytest.fixture
def world(world: World) -> World:
    """Not with the environments of other tests."""
    world.variables["WF_CACHE"] = str(world.home / "cache")
    return world


@pytest.fixture
def run(world: World) -> str:
    """A run that has ended, in an environment without packages."""
    world.workflows(FILE)
    assert world.wf("run", "train").code == 0
    return str(world.record()["name"])


def listed(world: World) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = world.wf("env", "list", "--json").json()["environments"]
    return found


def folder(world: World) -> Path:
    """The folder of the only environment."""
    (one,) = listed(world)
    return Path(one["folder"])


def test_an_empty_cache(world: World) -> None:
    done = world.wf("env", "list")
    assert (done.code, done.out) == (0, "")
    assert "no environments yet" in done.err
    assert world.wf("env", "list", "--json").json() == {
        "environments": [], "bytes": 0, "own_bytes": 0,
    }  # fmt: skip
    assert world.wf("env", "verify").code == 0
    assert world.wf("env", "prune").code == 0
    assert not (world.home / "cache").exists()


def test_what_is_there(world: World, run: str) -> None:
    (one,) = listed(world)
    environment = world.record(run)["environment"]
    assert one["fingerprint"] == environment["fingerprint"]
    assert (one["python"], one["lock"]) == (environment["python"], [])
    assert one["ready"]
    assert one["bytes"] >= one["own_bytes"] > 0
    assert one["used_at"] >= one["built_at"]
    shown = world.wf("env", "list")
    assert shown.out.splitlines()[0].split() == [
        "FINGERPRINT", "PYTHON", "PACKAGES", "SIZE", "OWN", "AS", "OF", "LAST", "USED",
        "IN", "USE", "BY",
    ]  # fmt: skip
    assert shown.out.splitlines()[1].split()[:3] == [one["fingerprint"], one["python"], "0"]
    assert shown.err.startswith("1 environment, ")


def test_the_one_used_last_comes_first(world: World, run: str) -> None:
    assert run
    first = folder(world)
    copy = first.with_name("0" * 20)
    shutil.copytree(first, copy, symlinks=True)
    for time, place in ((5, first), (9, copy)):
        place.with_suffix(".use").touch()
        os.utime(place.with_suffix(".use"), (time, time))
    assert [one["fingerprint"] for one in listed(world)] == [copy.name, first.name]


@pytest.mark.parametrize("by", ["run", "prefix", "fingerprint", "last"])
def test_one_of_them(world: World, run: str, by: str) -> None:
    fingerprint = folder(world).name
    word = {"run": run, "prefix": fingerprint[:6], "fingerprint": fingerprint, "last": "last"}[by]
    shown = world.wf("env", "show", word, "--json").json()
    assert shown["fingerprint"] == fingerprint
    assert shown["run"] == (run if by in {"run", "last"} else None)
    assert shown["damage"] is None
    said = world.wf("env", "show", word).out
    assert fingerprint in said
    assert shown["python"] in said


def test_what_a_run_had_is_known_without_its_environment(world: World, run: str) -> None:
    before = world.record(run)["environment"]
    assert world.wf("env", "prune", "--all").code == 0
    shown = world.wf("env", "show", run, "--json").json()
    assert (shown["fingerprint"], shown["python"]) == (before["fingerprint"], before["python"])
    assert (shown["in_cache"], shown["folder"]) == (False, None)
    assert "not in the cache any more" in world.wf("env", "show", run).out
    assert world.wf("env", "show", before["fingerprint"]).code == 64
    assert world.wf("env", "verify", run).code == 64


def test_the_lock_of_a_run(world: World, run: str) -> None:
    text = (world.folder(run) / "pylock.toml").read_text()
    assert world.wf("env", "show", run, "--pylock").out == text
    assert world.wf("env", "show", run, "--json").json()["pylock"] == text
    world.wf("env", "prune", "--all")
    assert world.wf("env", "show", run, "--pylock").out == text
    (world.folder(run) / "pylock.toml").unlink()
    assert world.wf("env", "show", run, "--pylock").code == 64


def test_damage_is_shown(world: World, run: str) -> None:
    (folder(world) / "venv" / "pyvenv.cfg").unlink()
    assert "`pyvenv.cfg` is gone" in world.wf("env", "show", run).out
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "trained\n")
    assert "warning: the cached environment is built anew: `pyvenv.cfg` is gone" in done.err


@pytest.mark.parametrize("mark", ["", "{", "[]", '{"kind": 1, "python": 2, "lock": "abc"}'])
def test_one_whose_mark_is_broken_is_not_complete(world: World, run: str, mark: str) -> None:
    assert run
    (folder(world) / "ready.json").write_text(mark)
    (one,) = listed(world)
    assert (one["ready"], one["python"], one["lock"]) == (False, None, [])
    assert "not complete" in world.wf("env", "list").out
    assert world.wf("env", "show", one["fingerprint"]).code == 0
    pruned = world.wf("env", "prune")
    assert "not complete" in pruned.err
    assert listed(world) == []


def test_what_was_not_used_for_long_goes(world: World, run: str) -> None:
    assert run
    one = folder(world)
    kept = world.wf("env", "prune", "--json").json()
    assert kept["removed"] == []
    assert kept["left_bytes"] > 0
    os.utime(one.with_suffix(".use"), (1, 1))
    assert "would remove" in world.wf("env", "prune", "--dry-run").err
    assert one.exists()
    assert world.wf("env", "prune", "--older-than", "3000000w").code == 0
    assert one.exists()
    pruned = world.wf("env", "prune", "--json").json()
    assert [gone["fingerprint"] for gone in pruned["removed"]] == [one.name]
    assert pruned["freed_bytes"] > 0
    assert list(one.parent.iterdir()) == []


def test_what_is_too_much_goes(world: World, run: str) -> None:
    assert run
    assert world.wf("env", "prune", "--max-size", "1GB").code == 0
    assert len(listed(world)) == 1
    (folder(world) / "large").write_bytes(b"x" * 2_000_000)
    assert world.wf("env", "prune", "--max-size", "1MB").code == 0
    assert listed(world) == []


def test_locks_of_nothing_go(world: World, run: str) -> None:
    assert run
    one = folder(world)
    shutil.rmtree(one)
    assert {path.suffix for path in one.parent.iterdir()} == {".lock", ".use"}
    assert world.wf("env", "prune").code == 0
    assert list(one.parent.iterdir()) == []


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["lost"], "there is no action `lost`"),
        (["list", "last"], "too many words"),
        (["show"], "a word is missing"),
        (["prune", "last"], "too many words"),
        (["list", "--dry-run"], "--dry-run is for `wf env prune`"),
        (["prune", "--pylock"], "--pylock is for `wf env show`"),
        (["prune", "--older-than", "long"], "--older-than: a time span is wanted"),
        (["prune", "--max-size", "20"], "--max-size: an amount"),
        (["show", "abcdef"], "there is no run `abcdef`"),
        (["show", ""], "names no run"),
    ],
)
def test_mistakes(world: World, words: list[str], said: str) -> None:
    done = world.wf("env", *words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err
    assert "hint:" in done.err
