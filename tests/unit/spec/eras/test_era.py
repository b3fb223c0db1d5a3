"""Telling the eras apart."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from runner.document.reader import read
from runner.errors import WfError
from runner.spec.eras.era import COMMAND_LINE, HOSTED, HOSTED_IMAGES, TASK, Era, detect
from tests.unit.spec.test_own_providers import Plain
from tests.unit.spec.trees import trees


def era(text: str) -> Era:
    return detect(read(text.encode(), "workflows.yaml"))


def listed(*items: str) -> Era:
    return era("workflows:\n" + "".join(f"  - {{name: a, {item}}}\n" for item in items))


@pytest.mark.parametrize(
    "item",
    [
        "provider: python, script: a.py",
        "provider: bash, commands: [a], depends-on: [b]",
        "provider: bash, commands: [a], environment: {A: 1}",
        "provider: torchrun",
        "provider: python@main",
        "provider: 'python:3.9'",
        "provider: python3.9",
        "provider: 'python ${{ config }}'",
        "provider: {name: bash}, commands: [a]",
        "provider: [bash], commands: [a]",
        "provider: curl, url: a, output: b",
    ],
)
def test_hosted_providers(item: str) -> None:
    assert listed("provider: bash, commands: [a]", item) == HOSTED


@pytest.mark.parametrize("item", ["image: a", "image: a, depends-on: [b]"])
def test_hosted_images(item: str) -> None:
    assert listed(item) == HOSTED_IMAGES
    assert listed(item, "provider: python, script: a.py") == HOSTED_IMAGES


@pytest.mark.parametrize(
    "key",
    ["deps: [b]", "env: [A=1]", "setup: [b]", "cache: [b]", "ssh: true", "entrypoint: b"],
)
def test_the_command_line(key: str) -> None:
    assert listed(f"provider: bash, commands: [a], {key}") == COMMAND_LINE
    assert listed("image: a", f"provider: bash, {key}") == COMMAND_LINE


@pytest.mark.parametrize(
    "item",
    ["provider: bash", "provider: docker, image: a", "provider: pythons", "provider: lab", "x: y"],
)
def test_what_any_of_them_could_have_written_counts_as_the_last(item: str) -> None:
    assert listed(item) == COMMAND_LINE


@pytest.mark.parametrize("text", ["type: task", "type: dev-environment\nide: vscode", "type:"])
def test_one_task_a_file(text: str) -> None:
    assert era(text) == TASK


@pytest.mark.parametrize("text", ["[]", "x", "workflows:", "workflows: x", "workflows: [x, [y]]"])
def test_what_is_none_of_them(text: str) -> None:
    assert era(text) == COMMAND_LINE


def test_a_list_is_no_task_whatever_else_stands_there() -> None:
    assert era("type: task\nworkflows: [{name: a, image: b}]") == HOSTED_IMAGES


@given(trees | st.fixed_dictionaries({"workflows": st.lists(trees, max_size=3)}))
def test_any_file_is_of_one_era(tree: Any) -> None:
    try:
        document = read(yaml.dump(tree, Dumper=Plain, allow_unicode=True).encode(), "a.yaml")
    except WfError:
        return  # the reader's own tests
    assert detect(document) in {HOSTED_IMAGES, HOSTED, COMMAND_LINE, TASK}
