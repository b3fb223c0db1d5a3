"""Which files of the project a workflow depends on."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.document.reader import read
from runner.plan.facts import in_project, requirements_path, script_path
from runner.spec.load import load

if TYPE_CHECKING:
    from runner.spec.workflow import Workflow


def workflow(keys: str) -> Workflow:
    """A workflow with these keys."""
    text = "workflows:\n- name: a\n" + "".join(f"  {line}\n" for line in keys.splitlines())
    return load(read(text.encode(), "workflows.yaml"))[0]


@pytest.mark.parametrize(
    ("keys", "script", "requirements"),
    [
        ("provider: python\nscript: train.py", "train.py", None),
        (
            "provider: python\nscript: train.py\nrequirements: r.txt\nworking_dir: sub",
            "sub/train.py",
            "sub/r.txt",
        ),
        ("provider: bash\ncommands: ls\nrequirements: r.txt", None, "r.txt"),
    ],
)
def test_paths_are_read_from_the_working_directory(
    keys: str, script: str | None, requirements: str | None
) -> None:
    read_in = workflow(keys)
    assert script_path(read_in) == script
    assert requirements_path(read_in) == requirements


def test_a_path_comes_in_its_shortest_form() -> None:
    assert in_project(workflow("provider: bash\ncommands: ls\nworking_dir: a/b"), "../x") == "a/x"
