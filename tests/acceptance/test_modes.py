"""Files and folders that may not be read or written, as an ordinary user meets them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.acceptance import ordinary

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import World

HEAD = """\
workflows:
  - name: job
    provider: bash
    artifacts: [model]
    commands:
"""


@pytest.fixture
def project(world: World) -> Iterator[World]:
    """A project; whatever is locked in the end is unlocked for pytest."""
    yield world
    for path in [world.home, *world.home.rglob("*"), world.project, *world.project.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)


def commands(world: World, *lines: str) -> None:
    world.workflows(HEAD + "".join(f"      - {line}\n" for line in lines))


def kept(world: World) -> Path:
    (name,) = world.runs()
    return world.folder(name) / "artifacts" / "model"


def test_a_folder_nobody_may_write_is_kept(project: World) -> None:
    """As caches of packages and of models make them."""
    commands(project, "mkdir model/sub", "touch model/sub/x", "chmod -R a-w model")
    done = ordinary.wf(project, "run", "job")
    assert done.code == 0, done.err
    assert (kept(project) / "sub" / "x").exists()
    assert project.record()["artifacts"][0]["files"] == 1


def test_and_it_can_be_removed(project: World) -> None:
    commands(project, "mkdir model/sub", "touch model/sub/x", "chmod -R a-w model/sub")
    assert ordinary.wf(project, "run", "job").code == 0
    done = ordinary.wf(project, "rm", "last")
    assert done.code == 0, done.err
    assert list((project.home / "state" / "runs").iterdir()) == []


def test_what_was_written_and_locked_elsewhere_goes_with_the_workspace(project: World) -> None:
    commands(project, "mkdir -p cache/sub", "touch cache/sub/x", "chmod -R a-w cache")
    assert ordinary.wf(project, "run", "job").code == 0
    (name,) = project.runs()
    assert not (project.folder(name) / "workspace").exists()


def test_a_file_of_the_project_that_may_not_be_read_is_named(project: World) -> None:
    commands(project, "echo never")
    project.write("secret", "").chmod(0)
    done = ordinary.wf(project, "run", "job")
    assert done.code == 73
    assert "the project could not be copied: Permission denied" in done.err
    assert "secret" in done.err
    assert "hint:" in done.err
    record = project.record()
    assert (record["status"], record["reason"]) == ("failed", "storage")


def test_a_read_only_project(project: World) -> None:
    commands(project, "touch model/x")
    project.project.chmod(0o555)
    (project.project / ".dstack").chmod(0o555)
    assert ordinary.wf(project, "run", "job").code == 0
    assert (kept(project) / "x").exists()


def test_a_read_only_folder_of_the_project_can_be_written_to_in_its_copy(project: World) -> None:
    commands(project, "touch locked/new", "cp locked/new model")
    project.write("locked/file", "")
    (project.project / "locked").chmod(0o555)
    done = ordinary.wf(project, "run", "job")
    assert done.code == 0, done.out
    assert (kept(project) / "new").exists()


def test_a_state_folder_that_may_not_be_written_is_named(project: World) -> None:
    commands(project, "echo never")
    project.home.chmod(0o555)
    done = ordinary.wf(project, "run", "job")
    assert done.code == 73
    assert str(project.home) in done.err
    assert "WF_HOME" in done.err


def test_a_lock_folder_that_may_not_be_written_is_named(project: World) -> None:
    commands(project, "echo never")
    project.workflows(HEAD + "      - echo never\n    resources: {cpu: 1}\n")
    locks = project.home / "locks"
    locks.mkdir(mode=0o555)
    done = ordinary.wf(project, "run", "job")
    assert done.code == 73
    assert "the lock folder cannot be used: Permission denied" in done.err
    assert str(locks) in done.err
    assert project.record()["reason"] == "storage"


def test_a_workflow_file_that_may_not_be_read_is_said(project: World) -> None:
    project.workflows(HEAD + "      - echo never\n").chmod(0)
    done = ordinary.wf(project, "run", "job")
    assert done.code == 65
    assert ".dstack/workflows.yaml cannot be read: Permission denied" in done.err


def test_an_artifact_that_its_owner_has_locked_is_kept_with_its_mode(project: World) -> None:
    commands(project, "echo secret > model/locked", "chmod 0 model/locked")
    done = ordinary.wf(project, "run", "job")
    assert done.code == 0, done.err
    (name,) = project.runs()
    assert (project.folder(name) / "artifacts" / "model" / "locked").read_text() == "secret\n"
    document = ordinary.wf(project, "artifacts", "list", name, "--json").json()
    assert document["artifacts"][0]["entries"][0]["mode"] == 0
