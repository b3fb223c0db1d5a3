"""Editors work in the project itself: what a person edits must not go with the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

# stands in for the editor that is found first; it edits, and shows what it was given
EDITOR = """\
#!/bin/sh
pwd
echo "$@"
cat "$6"
echo edited > notebook.txt
"""


@pytest.fixture
def project(world: World) -> World:
    program = world.home / "programs" / "openvscode-server"
    program.parent.mkdir()
    program.write_text(EDITOR)
    program.chmod(0o755)
    world.variables["PATH"] = f"{program.parent}:{world.variables['PATH']}"
    world.write("notebook.txt", "as it was\n")
    return world


def test_what_is_edited_stays_in_the_project(project: World) -> None:
    project.workflows("workflows: [{name: edit, provider: code, artifacts: [notebook.txt]}]\n")
    done = project.wf("run", "edit")
    assert done.code == 0, done.err
    assert (project.project / "notebook.txt").read_text() == "edited\n"
    assert "`artifacts` has no effect here" in done.err
    run = project.runs()[0]
    assert not (project.folder(run) / "workspace").exists()
    assert project.wf("rm", run).code == 0
    assert (project.project / "notebook.txt").exists()


def test_the_editor_is_given_its_port_and_a_token(project: World) -> None:
    project.workflows("workflows: [{name: edit, provider: code}]\n")
    done = project.wf("run", "edit")
    _, words, token = done.out.splitlines()
    (port,) = project.record()["ports"]
    assert f"--host 127.0.0.1 --port {port} --connection-token-file" in words
    assert len(token) == 32
    assert token not in str(project.record())


def test_an_editor_with_inputs_keeps_its_copy(project: World) -> None:
    project.workflows(
        "workflows:\n"
        "  - {name: data, provider: bash, commands: [echo 1 > raw.txt], artifacts: [raw.txt]}\n"
        "  - {name: edit, provider: code, depends-on: [data]}\n"
    )
    done = project.wf("run", "edit")
    assert done.code == 0, done.err
    assert (project.project / "notebook.txt").read_text() == "as it was\n"
    assert not (project.project / "raw.txt").exists()
    workspace = project.folder(project.record()["name"]) / "workspace"
    assert (workspace / "notebook.txt").read_text() == "edited\n"
    assert (workspace / "raw.txt").read_text() == "1\n"
    assert f"what was edited stays in {workspace}" in done.err
