"""`wf export`: workflows as tasks of today's dstack, as text and as files."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
import yaml

if TYPE_CHECKING:
    from tests.conftest import World

FILE = """\
workflows:
  - name: train
    provider: python
    script: train.py
    artifacts: [model]
  - name: Report.PDF
    provider: bash
    commands: [make report]
"""


@pytest.fixture
def project(world: World) -> World:
    """A project with two workflows."""
    world.workflows(FILE)
    return world


def test_a_task_is_printed(project: World) -> None:
    done = project.wf("export", "train", "--to", "dstack")
    assert (done.code, done.err) == (0, "")
    assert "artifacts: model" in done.out
    assert yaml.safe_load(done.out) == {
        "type": "task",
        "name": "train",
        "repos": ["."],
        "commands": ["python train.py ${{ run.args }}"],
    }


def test_all_workflows_become_files_that_lead_back_to_the_project(project: World) -> None:
    done = project.wf("export", "--all", "-o", "out/tasks")
    names = ["out/tasks/train.dstack.yml", "out/tasks/report-pdf.dstack.yml"]
    assert (done.code, done.out.splitlines()) == (0, names)
    tasks = [yaml.safe_load((project.project / name).read_text()) for name in names]
    assert [task["name"] for task in tasks] == ["train", "report-pdf"]
    assert [task["repos"] for task in tasks] == [["../.."], ["../.."]]


def test_a_file_that_is_there_is_written_over_only_when_asked(project: World) -> None:
    kept = project.write("out/train.dstack.yml", "mine\n")
    refused = project.wf("export", "--all", "-o", "out")
    assert refused.code == 64
    assert "out/train.dstack.yml is there already" in refused.err
    assert kept.read_text() == "mine\n"
    assert not (project.project / "out" / "report-pdf.dstack.yml").exists()
    assert project.wf("export", "--all", "-o", "out", "--force").code == 0
    assert kept.read_text() != "mine\n"


def test_two_workflows_that_would_get_one_name_are_told(world: World) -> None:
    world.workflows(
        "workflows: [{name: a.b, provider: bash, commands: x}, "
        "{name: A-b, provider: bash, commands: x}]"
    )
    done = world.wf("export", "--all", "-o", "out")
    assert done.code == 64
    assert "`A-b` and another workflow would both be called `a-b`" in done.err
    assert world.wf("export", "a.b").code == 0


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], "either one workflow is exported, or all of them"),
        (["train", "--all"], "either one workflow is exported, or all of them"),
        (["--all"], "--all needs a folder"),
        (["trian"], "there is no workflow `trian`"),
        (["train", "--to", "make"], "invalid choice: 'make'"),
    ],
)
def test_what_cannot_be_exported_is_said(project: World, words: list[str], said: str) -> None:
    done = project.wf("export", *words)
    assert (done.code, done.out) == (64, "")
    assert said in done.err


def test_what_cannot_be_written_is_said(project: World) -> None:
    project.write("file", "")
    done = project.wf("export", "train", "-o", "file/train.dstack.yml")
    assert (done.code, done.out) == (73, "")
    assert "file/train.dstack.yml cannot be written" in done.err


def test_what_is_lost_is_told_to_programs(project: World) -> None:
    listed = project.wf("export", "--all", "--json").json()
    assert [(task["workflow"], task["name"], task["file"]) for task in listed] == [
        ("train", "train", None),
        ("Report.PDF", "report-pdf", None),
    ]
    assert [len(task["lost"]) for task in listed] == [1, 0]
