"""Files in which nothing is written: beside others they are as good as none."""

from __future__ import annotations

from pathlib import Path

import pytest

from runner.engine.files import Beside, FileText
from runner.engine.opening import open_files
from runner.errors import WfError

HERE = Path(__file__).parent
LIST = FileText(b"workflows: [{name: a, provider: bash, commands: [make]}]", "workflows.yaml")
BLANK = FileText(b"# nothing yet\n", "blank.yaml")


@pytest.mark.parametrize("texts", [[LIST, BLANK], [BLANK, LIST]])
def test_a_list_among_others(texts: list[FileText]) -> None:
    opened = open_files(texts, HERE)
    assert [workflow.name for workflow in opened.workflows] == ["a"]
    assert list(opened.documents) == ["workflows.yaml"]


@pytest.mark.parametrize("beside", [Beside(variables=BLANK), Beside(providers=BLANK)])
def test_what_lies_beside(beside: Beside) -> None:
    assert open_files([LIST], HERE, beside).workflows == open_files([LIST], HERE).workflows


def test_profiles() -> None:
    task = FileText(b"type: task\ncommands: [make]\n", "a.dstack.yml")
    opened = open_files([task, BLANK], HERE, Beside(profiles=BLANK))
    assert [workflow.name for workflow in opened.workflows] == ["a"]


def test_the_only_list() -> None:
    with pytest.raises(WfError, match=r"blank\.yaml is empty"):
        open_files([BLANK], HERE)
