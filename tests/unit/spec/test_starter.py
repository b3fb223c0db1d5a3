"""The first workflow file of a project."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.spec.load import load
from runner.spec.starter import Requirements, Script, Survey, compose
from runner.spec.workflow import PythonScript, Workflow


def composed(*scripts: Script, declared: bool = False) -> str:
    """The file's text."""
    return compose(Survey(scripts, declared), "3.11", "schema.json").text


def workflows(*scripts: Script) -> tuple[Workflow, ...]:
    """What wf reads in it."""
    made = compose(Survey(scripts), "3.11", "schema.json")
    found = load(read(made.text.encode(), "workflows.yaml"))
    assert tuple(workflow.name for workflow in found) == made.workflows
    return found


def test_a_script_becomes_a_workflow() -> None:
    script = Script("src/train.py", Requirements("requirements.txt"), outputs=("model", "a.csv"))
    (found,) = workflows(script)
    assert (found.name, found.launch) == ("train", PythonScript("src/train.py"))
    assert (found.environment.python, found.environment.requirements) == (
        "3.11",
        "requirements.txt",
    )
    assert [artifact.path for artifact in found.artifacts] == ["model", "a.csv"]
    assert found.resources.gpu is None


def test_a_script_that_uses_gpus_becomes_two() -> None:
    found = workflows(Script("train.py", uses_gpu=True), Script("clean.py"))
    gpus = {workflow.name: workflow.resources.gpu is not None for workflow in found}
    assert gpus == {"train-no-gpu": False, "train-one-gpu": True, "clean": False}


@pytest.mark.parametrize(
    ("paths", "names"),
    [
        (["train_mnist.py"], ["train-mnist"]),
        (["a/train.py", "b/train.py"], ["a-train", "b-train"]),
        (["a/train.py", "b/train.py", "fit.py"], ["a-train", "b-train", "fit"]),
        (["train.py", "a/train.py"], ["train", "a-train"]),
        (["a b.py", "a_b.py"], ["a-b", "a-b-2"]),
        (["_.py", "grüß.py"], ["run", "gr"]),
    ],
)
def test_names_are_short_and_unique(paths: list[str], names: list[str]) -> None:
    found = workflows(*(Script(path) for path in paths))
    assert [workflow.name for workflow in found] == names


PATHS = st.from_regex(r"\A[^\x00-\x1f\x7f/~$]{1,80}(/[^\x00-\x1f\x7f/~$]{1,20})?\.py\Z").filter(
    lambda path: path.isprintable() and path.strip() == path and ".." not in path.split("/")
)


@given(st.lists(PATHS, min_size=1, max_size=3, unique=True), st.booleans())
def test_whatever_scripts_are_called_the_file_can_be_read(
    paths: list[str],
    uses_gpu: bool,  # noqa: FBT001 - hypothesis gives it
) -> None:
    scripts = [
        Script(path, Requirements(path), ("a",), ("--a",), (path,), uses_gpu) for path in paths
    ]
    found = workflows(*scripts)
    assert len(found) == len(paths) * (1 + uses_gpu)
    assert {w.launch.script for w in found if isinstance(w.launch, PythonScript)} == {
        re.sub("^(\\./)+", "", path) for path in paths
    }


@pytest.mark.parametrize(
    ("script", "declared", "said"),
    [
        (Script("a.py", Requirements("r.txt", "r.txt:1: no")), False, "# r.txt:1: no\n"),
        (Script("a.py"), True, "# uv pip compile pyproject.toml -o requirements.txt\n"),
        (Script("a.py", packages=("torch", "six")), False, "the script imports torch, six\n"),
        (Script("a.py", options=("--lr", "--steps")), False, "# it takes --lr --steps\n"),
        (Script("a.py", uses_gpu=True, needs_gpu=True), False, "without one it will fail\n"),
    ],
)
def test_what_is_left_to_the_reader_is_said(script: Script, said: str, *, declared: bool) -> None:
    text = composed(script, declared=declared)
    assert said in text
    assert "\n    requirements:" not in text
    assert load(read(text.encode(), "workflows.yaml"))


def test_an_editor_is_told_the_schema() -> None:
    assert composed(Script("a.py")).startswith("# yaml-language-server: $schema=schema.json\n")
