"""bash, docker, and images before there were providers."""

from __future__ import annotations

from typing import Any

import pytest

from runner.document.reader import read
from runner.errors import WfError
from runner.spec.load import load
from runner.spec.workflow import Container, ShellCommands, Workflow


def workflow(keys: str) -> Workflow:
    lines = "".join(f"    {line}\n" for line in keys.splitlines())
    (found,) = load(read(f"workflows:\n  - name: a\n{lines}".encode(), "workflows.yaml"))
    return found


def test_bash_runs_its_commands() -> None:
    found = workflow("provider: bash\ncommands: [cd src, make]\nversion: 3.9")
    assert found.launch == ShellCommands(("cd src", "make"))
    assert found.environment.python == "3.9"
    assert found.container is None


def test_a_text_is_the_list_of_its_lines() -> None:
    found = workflow("provider: bash\ncommands: |\n  cd src\n\n  make\n")
    assert found.launch == ShellCommands(("cd src", "make"))


def test_docker_has_a_container_with_all_that_belongs_to_it() -> None:
    found = workflow(
        "provider: docker\nimage: me/a:1\nentrypoint: /bin/sh -c 'a b'\nhome_dir: /root\n"
        "registry_auth: {username: me, password: 007}\nversion: 3.9"
    )
    assert found.container == Container(
        "me/a:1", ("/bin/sh", "-c", "a b"), registry_auth=("me", "007"), home_dir="/root"
    )
    assert found.launch == ShellCommands(())
    assert found.environment.python == "3.9"


@pytest.mark.parametrize("written", ["provider: docker\n", ""])
def test_an_image_of_a_python_is_stronger_than_a_version(written: str) -> None:
    found = workflow(f"{written}image: python:3.9\ncommands: [make]\npython: 3.10")
    assert found.environment.python == "3.9"


def test_an_image_alone_is_docker() -> None:
    found = workflow("image: me/a:1\ncommands: [make]")
    assert (found.provider, found.launch) == ("docker", ShellCommands(("make",)))


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ("provider: bash", "provider bash needs `commands`"),
        ("provider: docker", "provider docker needs `image`"),
        ("image: me/a:1", "an image needs `commands`"),
    ],
)
def test_what_is_wanted(keys: str, message: str) -> None:
    with pytest.raises(WfError) as caught:
        workflow(keys)
    assert [problem.message for problem in caught.value.problems] == [message]


LIST = "provider: bash\ncommands: [make]\nenv:\n  - A=$HOME/a\n  - B=b"


@pytest.mark.parametrize(
    ("keys", "expanded"),
    [
        (LIST, ("A",)),
        (LIST.replace("env", "environment"), ()),
        ("provider: bash\ncommands: [make]\nenv: {A: $HOME}", ()),
        (LIST.replace("bash", "docker\nimage: python:3.11"), ()),
    ],
)
def test_only_a_list_below_env_was_for_a_shell(keys: str, expanded: tuple[str, ...]) -> None:
    found: Any = workflow(keys)
    assert found.expanded == expanded
