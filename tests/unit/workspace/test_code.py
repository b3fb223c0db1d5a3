"""What counts as the code of a project, and when it is the same."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest

from runner.workspace.code import digest
from runner.workspace.snapshot import take

if TYPE_CHECKING:
    from pathlib import Path

    from runner.workspace.code import Digested


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A small project without git."""
    root = tmp_path / "project"
    (root / "src").mkdir(parents=True)
    (root / ".dstack" / "workflows").mkdir(parents=True)
    (root / "train.py").write_text("train")
    (root / "src" / "lib.py").write_text("lib")
    (root / ".dstack" / "workflows.yaml").write_text("workflows: []")
    (root / ".dstack" / "workflows" / "more.yaml").write_text("workflows: []")
    (root / ".dstack" / "variables.yaml").write_text("variables: {}")
    (root / "task.dstack.yml").write_text("type: task")
    return root


def read(root: Path, **more: object) -> Digested:
    return digest(root, None, (), **more)  # type: ignore[arg-type]


def test_workflow_files_are_no_code(project: Path) -> None:
    assert sorted(read(project).digests) == ["src/lib.py", "train.py"]


@pytest.mark.parametrize(
    "change",
    [
        lambda root: (root / "train.py").write_text("other"),
        lambda root: (root / "train.py").chmod(0o755),
        lambda root: (root / "train.py").rename(root / "main.py"),
        lambda root: (root / "new.py").write_text(""),
        lambda root: (root / "src" / "lib.py").unlink(),
        lambda root: os.symlink("train.py", root / "link"),
    ],
)
def test_whatever_changes_the_code_changes_its_digest(project: Path, change: object) -> None:
    before = read(project).code().digest
    change(project)  # type: ignore[operator]
    assert read(project).code().digest != before


def test_times_and_other_modes_do_not(project: Path) -> None:
    before = read(project).code().digest
    os.utime(project / "train.py", (1, 1))
    (project / "train.py").chmod(0o600)
    assert read(project).code().digest == before


def test_where_a_link_leads_counts_and_not_what_is_there(project: Path) -> None:
    os.symlink("train.py", project / "link")
    before = read(project).digests["link"]
    (project / "train.py").write_text("other")
    assert read(project).digests["link"] == before
    (project / "link").unlink()
    os.symlink("src/lib.py", project / "link")
    assert read(project).digests["link"] != before


def test_a_part_of_the_code_with_the_script(project: Path) -> None:
    all_of_it = read(project)
    assert set(all_of_it.code(["src"]).files) == {"src/lib.py"}
    assert set(all_of_it.code(["src"], "train.py").files) == {"src/lib.py", "train.py"}
    assert set(all_of_it.code(["sr"]).files) == set()
    assert all_of_it.code(["."]).digest == all_of_it.code().digest
    assert set(read(project, only=["src"]).digests) == {"src/lib.py"}


def test_what_the_command_writes_to_is_no_code(project: Path) -> None:
    (project / "log.txt").write_text("hello")
    at = (project / "log.txt").stat()
    assert "log.txt" not in read(project, outputs=frozenset({(at.st_dev, at.st_ino)})).digests


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_that_may_not_be_read_is_left_to_who_copies_it(project: Path) -> None:
    (project / "train.py").chmod(0)
    assert read(project).digests["train.py"] == "unreadable"


def test_a_copy_is_the_same_until_a_file_in_it_was_another(project: Path, tmp_path: Path) -> None:
    found = read(project)
    copy = tmp_path / "copy"
    take(project, None, copy, (), lambda _files, _bytes: None)
    assert found.same(copy)
    shutil.rmtree(copy)
    (project / "train.py").write_text("other")
    take(project, None, copy, (), lambda _files, _bytes: None)
    assert not found.same(copy)
    (copy / "train.py").unlink()
    assert not found.same(copy)
