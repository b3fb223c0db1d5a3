"""Several workflow files in one project."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

LIST = "workflows: [{{name: {name}, provider: bash, commands: [echo {name}]}}]\n"
FAULTY = "type: task\nname: broken\ncomands: [ls]\n"


@pytest.fixture
def project(world: World) -> World:
    world.workflows(LIST.format(name="listed"))
    world.write(".dstack/workflows/more.yaml", LIST.format(name="further"))
    world.write("train.dstack.yml", "type: task\ncommands: [echo task]\n")
    return world


@pytest.mark.parametrize(
    ("name", "said"), [("listed", "listed"), ("further", "further"), ("train", "task")]
)
def test_each_is_run_by_its_name(project: World, name: str, said: str) -> None:
    done = project.wf("run", name)
    assert (done.code, done.out) == (0, f"{said}\n")


def test_mistakes_elsewhere_are_in_nobodys_way(project: World) -> None:
    project.write("broken.dstack.yml", FAULTY)
    done = project.wf("run", "listed")
    assert (done.code, done.out) == (0, "listed\n")
    assert "note: broken.dstack.yml has mistakes; `wf validate` shows them" in done.err
    assert "broken.dstack.yml has mistakes" in project.wf("plan", "listed").err


@pytest.mark.parametrize(
    "words", [("run", "broken"), ("run", "no-such"), ("run", "--all"), ("ls",), ("validate",)]
)
def test_mistakes_are_shown_where_they_could_matter(project: World, words: tuple[str, ...]) -> None:
    project.write("broken.dstack.yml", FAULTY)
    done = project.wf(*words)
    assert done.code == 65
    assert "broken.dstack.yml:3:1: error: unknown key `comands`" in done.err


def test_a_dependency_in_a_faulty_file_shows_that_files_mistakes(project: World) -> None:
    project.write("broken.dstack.yml", FAULTY)
    project.workflows(
        "workflows: [{name: a, provider: bash, depends-on: [broken], commands: [ls]}]\n"
    )
    done = project.wf("run", "a")
    assert done.code == 65
    assert "unknown key `comands`" in done.err
    assert "there is no workflow" not in done.err


def test_a_name_is_given_once_in_all_files(project: World) -> None:
    project.write(".dstack/workflows/again.yaml", LIST.format(name="listed"))
    done = project.wf("run", "further")
    assert done.code == 65
    assert "already defined in .dstack/workflows.yaml:1" in done.err
    assert "first defined here" in done.err
    only = project.wf("run", "listed", "--file", ".dstack/workflows/again.yaml")
    assert only.code == 0


def test_a_variable_that_is_not_set_is_shown_where_it_is_named(world: World) -> None:
    world.write("t.dstack.yml", "type: task\nenv:\n  - A=1\n  - TOKEN\ncommands: [echo $TOKEN]\n")
    done = world.wf("run", "t")
    assert done.code == 64
    assert "t.dstack.yml:4:5: error: `t` needs the variable `TOKEN`" in done.err
    assert world.wf("run", "t", "-e", "TOKEN=x").out == "x\n"
    assert world.wf("run", "t", TOKEN="mine").out == "mine\n"
