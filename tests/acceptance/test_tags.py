"""Names that people give to runs."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - {name: good, provider: bash, commands: [echo good]}
  - {name: bad, provider: bash, commands: [exit 3]}
"""


@pytest.fixture
def names(world: World) -> tuple[str, str]:
    """Two runs."""
    world.workflows(FILE)
    made = []
    for _ in range(2):
        world.wf("run", "good")
        made.append(world.record()["name"])
    return made[0], made[1]


def test_a_tag_stands_for_its_run_everywhere(world: World, names: tuple[str, str]) -> None:
    assert world.wf("tags", "add", "best", names[0]).code == 0
    assert world.wf("show", ":best", "--json").json()["name"] == names[0]
    assert world.wf("logs", ":best").out == "good\n"
    assert world.wf("artifacts", "list", ":best", "--json").json()["run"] == names[0]
    (tag,) = world.wf("tags", "list", "--json").json()
    assert (tag["tag"], tag["run"], tag["workflow"]) == ("best", names[0], "good")


def test_a_tag_moves(world: World, names: tuple[str, str]) -> None:
    world.wf("tags", "add", "best", names[0])
    done = world.wf("tags", "add", ":best", names[1])
    assert f"no longer to {names[0]}" in done.err
    assert world.wf("show", ":best", "--json").json()["name"] == names[1]
    world.wf("run", "good", "-t", "best")
    newest = world.record()["name"]
    assert newest not in names
    assert world.wf("show", ":best", "--json").json()["name"] == newest


def test_a_run_that_fails_takes_no_tag(world: World, names: tuple[str, str]) -> None:
    world.wf("tags", "add", "best", names[0])
    done = world.wf("run", "bad", "-t", "best")
    assert done.code == 3
    assert "was not given" in done.err
    assert world.wf("show", ":best", "--json").json()["name"] == names[0]


def test_a_run_with_a_tag_is_not_removed(world: World, names: tuple[str, str]) -> None:
    world.wf("tags", "add", "best", names[0])
    done = world.wf("rm", names[0])
    assert done.code == 64
    assert "carries the tag `best`" in done.err
    assert world.wf("tags", "delete", "best").code == 0
    assert world.wf("rm", names[0]).code == 0


def test_tags_are_files_and_survive_the_index(world: World, names: tuple[str, str]) -> None:
    world.wf("tags", "add", "best", names[0])
    for path in Path(world.variables["WF_HOME"]).glob("index.sqlite*"):
        path.unlink()
    assert names[0] in world.wf("tags", "list").out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tags", "add", "best"), "a word is missing"),
        (("tags", "delete", "best", "last"), "too many words"),
        (("tags", "move"), "there is no action `move`"),
        (("tags", "add", "a b", "last"), "cannot be a tag"),
        (("tags", "add", "../x", "last"), "cannot be a tag"),
        (("tags", "delete", "best"), "there is no tag `best`"),
        (("show", ":best"), "there is no tag `best`"),
        (("show", ":"), "there is no tag"),
        (("run", "good", "-t", "a/b"), "cannot be a tag"),
        (("run", "--all", "-t", "a"), "--all makes many"),
    ],
)
def test_mistakes(world: World, words: tuple[str, ...], said: str) -> None:
    world.workflows(FILE)
    done = world.wf(*words)
    assert done.code == 64
    assert said in done.err
    assert world.runs() == []
