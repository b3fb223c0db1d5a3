"""Keys that are read for nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.document.reader import read
from runner.spec.eras import effects
from runner.spec.forms import ResourcesForm
from runner.spec.load import load
from runner.spec.notices import NO_EFFECT, READ_AS
from runner.spec.providers.registry import PROVIDERS

if TYPE_CHECKING:
    from runner.spec.workflow import Workflow

BASH = "provider: bash\ncommands: [make]\n"
DOCKER = "provider: docker\nimage: me/a:1\n"


def workflow(keys: str) -> Workflow:
    lines = "".join(f"    {line}\n" for line in keys.splitlines())
    (found,) = load(read(f"workflows:\n  - name: a\n{lines}".encode(), "workflows.yaml"))
    return found


def told(keys: str) -> list[tuple[str, str]]:
    return [(notice.code, notice.message) for notice in workflow(keys).notices]


def told_outside(keys: str) -> list[tuple[str, str]]:
    """What is told where it runs without a container."""
    return [(notice.code, notice.message) for notice in workflow(keys).outside]


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        (f"{BASH}ssh: false", "ssh"),
        (f"{BASH}cache: [a]", "cache"),
        (f"{BASH}prebuild: never", "prebuild"),
        (f"{BASH}resources: {{local: true}}", "local"),
        (f"{BASH}resources: {{remote: true}}", "remote"),
        (f"{BASH}resources: {{nodes: 2}}", "nodes"),
        ("provider: tensorboard\nruns: [a]", "runs"),
        ("provider: fastapi\napp: a:b\nuvicorn: 1", "uvicorn"),
    ],
)
def test_a_key_without_effect_is_told(keys: str, key: str) -> None:
    assert told(keys) == [(NO_EFFECT, f"`{key}` has no effect here")]
    assert told_outside(keys) == []


@pytest.mark.parametrize(
    ("keys", "key"),
    [
        (f"{DOCKER}home_dir: /root", "home_dir"),
        (f"{DOCKER}entrypoint: sh", "entrypoint"),
        (f"{DOCKER}registry_auth: {{username: a, password: b}}", "registry_auth"),
    ],
)
def test_a_key_of_a_container_has_an_effect_in_one_only(keys: str, key: str) -> None:
    assert told(keys) == []
    assert told_outside(keys) == [(NO_EFFECT, f"`{key}` has no effect here")]


@pytest.mark.parametrize("keys", [BASH, DOCKER, f"{BASH}ssh:\nresources: {{cpu: 1, gpu: 0}}"])
def test_nothing_is_told_of_what_is_not_there(keys: str) -> None:
    assert told(keys) == []
    assert told_outside(keys) == []


def test_an_image_of_a_python_is_told_outside_of_containers_and_no_other() -> None:
    said = "`python:3.9` is read as Python 3.9 on this machine"
    assert told("provider: docker\nimage: python:3.9") == []
    assert told_outside("provider: docker\nimage: python:3.9") == [(READ_AS, said)]


def test_they_come_in_the_order_written() -> None:
    keys = f"{BASH}prebuild: lazy\nssh: true\ncache: [a]\nresources: {{nodes: 2, local: true}}"
    expected = ["prebuild", "ssh", "cache", "nodes", "local"]
    assert [message for _, message in told(keys)] == [
        f"`{key}` has no effect here" for key in expected
    ]


def test_every_key_of_the_tables_is_one_that_a_form_has() -> None:
    keys = {key for form in PROVIDERS.values() for key in form.model_fields}
    assert effects._OF_WORKFLOWS.keys() <= keys
    assert effects._WITHOUT_CONTAINER.keys() <= PROVIDERS["docker"].model_fields.keys()
    assert effects._OF_RESOURCES.keys() <= ResourcesForm.model_fields.keys()
