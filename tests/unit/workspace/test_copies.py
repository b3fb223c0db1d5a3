"""Files of the project that a workflow wants elsewhere."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner.errors import STORAGE, WfError
from runner.spec.workflow import FileCopy
from runner.workspace.copies import place

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def project(tmp_path: Path) -> Path:
    root = tmp_path / "project"
    for path, text in {"a.txt": "a", "data/b.txt": "b", "data/deep/c.txt": "c"}.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)
    return root


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    made = tmp_path / "workspace"
    (made / "src").mkdir(parents=True)
    return made


def put(project: Path, workspace: Path, local: str, target: str) -> None:
    place(project, (FileCopy(local, target),), workspace, "src")


def test_a_file_goes_below_the_working_directory(project: Path, workspace: Path) -> None:
    os.chmod(project / "a.txt", 0o755)
    put(project, workspace, "a.txt", "in/config.txt")
    made = workspace / "src" / "in" / "config.txt"
    assert made.read_text() == "a"
    assert os.access(made, os.X_OK)


def test_a_folder_is_copied_whole(project: Path, workspace: Path) -> None:
    put(project, workspace, "data", "inputs")
    assert (workspace / "src" / "inputs" / "b.txt").read_text() == "b"
    assert (workspace / "src" / "inputs" / "deep" / "c.txt").read_text() == "c"


def test_what_lies_at_the_target_is_replaced(project: Path, workspace: Path) -> None:
    (workspace / "src" / "a.txt").write_text("old")
    (workspace / "src" / "folder").mkdir()
    put(project, workspace, "a.txt", "a.txt")
    put(project, workspace, "a.txt", "folder")
    assert (workspace / "src" / "a.txt").read_text() == "a"
    assert (workspace / "src" / "folder").read_text() == "a"


def test_a_folder_adds_to_what_is_there(project: Path, workspace: Path) -> None:
    (workspace / "src" / "inputs").mkdir()
    (workspace / "src" / "inputs" / "kept.txt").write_text("kept")
    put(project, workspace, "data", "inputs")
    assert (workspace / "src" / "inputs" / "kept.txt").read_text() == "kept"


def test_a_link_is_followed_to_what_it_means(project: Path, workspace: Path) -> None:
    (project / "latest").symlink_to("a.txt")
    put(project, workspace, "latest", "x")
    assert not (workspace / "src" / "x").is_symlink()
    assert (workspace / "src" / "x").read_text() == "a"


def test_nothing_is_written_through_a_link_of_the_project(
    project: Path, workspace: Path, tmp_path: Path
) -> None:
    outside = tmp_path / "workspace-of-somebody-else"
    outside.mkdir()
    (workspace / "src" / "shared").symlink_to(outside)
    with pytest.raises(WfError, match="leads out") as caught:
        put(project, workspace, "a.txt", "shared/a.txt")
    assert caught.value.kind == STORAGE
    (workspace / "src" / "inputs").mkdir()
    (workspace / "src" / "inputs" / "deep").symlink_to(outside)
    with pytest.raises(WfError, match="leads out"):
        put(project, workspace, "data", "inputs")
    put(project, workspace, "data", "shared")
    assert list(outside.iterdir()) == []
    assert (workspace / "src" / "shared" / "b.txt").read_text() == "b"


def test_a_file_that_is_gone_is_told(project: Path, workspace: Path) -> None:
    with pytest.raises(WfError, match=r"`b\.txt` could not be copied") as caught:
        put(project, workspace, "b.txt", "b.txt")
    assert caught.value.kind == STORAGE
