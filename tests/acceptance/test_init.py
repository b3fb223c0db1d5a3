"""`wf init`: a first workflow file."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

SCRIPT = """\
import argparse
from pathlib import Path

parser = argparse.ArgumentParser()
parser.add_argument("--steps", type=int, default=3)
options = parser.parse_args()
Path("model").mkdir(exist_ok=True)
Path("model/steps.txt").write_text(f"{options.steps}")
print(options.steps)
"""


def test_the_file_that_is_written_is_sound_and_runs(world: World) -> None:
    world.write("train.py", SCRIPT)
    done = world.wf("init")
    assert (done.code, done.out.splitlines()) == (
        0,
        [".dstack/workflows.yaml", ".dstack/schema.json"],
    )
    assert done.err == "hint: read it, change it, then: wf run train\n"
    checked = world.wf("validate")
    assert (checked.code, checked.err) == (0, "")
    run = world.wf("run", "train", "--json", "--", "--steps", "5")
    assert run.code == 0
    assert [artifact["path"] for artifact in run.json()["artifacts"]] == ["model"]


def test_its_first_line_names_the_schema_beside_it(world: World) -> None:
    world.write("train.py", SCRIPT)
    world.wf("init")
    folder = world.project / ".dstack"
    first = (folder / "workflows.yaml").read_text().splitlines()[0]
    schema = folder / first.removeprefix("# yaml-language-server: $schema=")
    assert schema.read_text() == world.wf("schema").out


def test_the_example_runs(world: World) -> None:
    assert world.wf("init", "--example").code == 0
    assert world.wf("validate").code == 0
    fitted = world.wf("run", "fit")
    assert (fitted.code, fitted.out.splitlines()[-1]) == (0, "y = 2.88 x + 1.04")
    assert world.wf("run", "report").code == 0


@pytest.mark.parametrize(
    "there",
    [".dstack/workflows.yaml", ".dstack/workflows/a.yaml", "a.dstack.yml", ".dstack/schema.json"],
)
def test_nothing_is_written_over(world: World, there: str) -> None:
    world.write("train.py", SCRIPT)
    kept = world.write(there, "mine\n")
    before = sorted(path for path in world.project.rglob("*"))
    done = world.wf("init")
    assert (done.code, done.out) == (64, "")
    assert done.err == (
        f"error: {there} is there already\nhint: look at it, or write over it with --force\n"
    )
    assert sorted(path for path in world.project.rglob("*")) == before
    assert world.wf("init", "--force").code == 0
    assert kept.read_text() == "mine\n" or there in {
        ".dstack/workflows.yaml",
        ".dstack/schema.json",
    }


def test_a_schema_that_is_the_same_is_no_hindrance(world: World) -> None:
    world.write("train.py", SCRIPT)
    world.write(".dstack/schema.json", world.wf("schema").out)
    assert world.wf("init").code == 0


def test_a_dry_run_writes_nothing(world: World) -> None:
    world.write("train.py", SCRIPT)
    dry = world.wf("init", "--dry-run")
    assert dry.code == 0
    assert not (world.project / ".dstack").exists()
    world.wf("init")
    assert (world.project / ".dstack" / "workflows.yaml").read_text() == dry.out


def test_scripts_that_are_named_are_taken(world: World) -> None:
    world.write("train.py", SCRIPT)
    world.write("tools/other.py", "A = 1\n")
    made = world.wf("init", "./tools/other.py", "--dry-run", "--json").json()
    assert made["workflows"] == ["other"]
    assert "    script: tools/other.py\n" in made["text"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "no script was found here"),
        (["missing.py"], "there is no file missing.py"),
        (["../outside.py"], "../outside.py lies outside this folder"),
        (["a.py", "--example"], "--example has a script of its own"),
    ],
)
def test_what_cannot_be_started_is_said(world: World, words: list[str], said: str) -> None:
    (world.project.parent / "outside.py").write_text("print(1)")
    done = world.wf("init", *words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err
    assert list(world.project.iterdir()) == []
