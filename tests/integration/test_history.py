"""The day of a file, as git tells it."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from runner.plan.facts import History
from runner.workspace.source import Git
from tests.conftest import program, require

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration


@pytest.fixture
def repository(world: World) -> World:
    """One with a file of May, written at night in the east, and another of June."""
    require("git", program("git"))
    git(world, "init", "-q", "-b", "main")
    world.write("requirements.txt", "six\n")
    commit(world, "2022-05-21T02:00:00+09:00")
    world.write("train.py", "")
    commit(world, "2022-06-30T12:00:00Z")
    return world


def git(world: World, *words: str, **variables: str) -> None:
    environment = {**world.variables, **variables}
    subprocess.run(["git", *words], cwd=world.project, env=environment, check=True)


def commit(world: World, at: str) -> None:
    """Commit everything, long after it was written."""
    git(world, "add", "-A")
    dates = {"GIT_AUTHOR_DATE": "2021-01-01T12:00:00Z", "GIT_COMMITTER_DATE": at}
    git(world, "commit", "-q", "-m", "more", **dates)


def history(world: World, *paths: str, folder: Path | None = None) -> History | None:
    return Git(folder or world.project, world.variables).history(paths)


def test_the_day_is_that_of_the_committer_in_utc(repository: World) -> None:
    assert history(repository, "requirements.txt") == History("requirements.txt", "2022-05-20")


def test_of_several_files_the_last_counts(repository: World) -> None:
    found = history(repository, "requirements.txt", "train.py")
    assert found == History("requirements.txt", "2022-06-30")


def test_the_whole_project_has_a_last_commit(repository: World) -> None:
    assert history(repository, ".") == History("the project", "2022-06-30")


def test_changes_are_told(repository: World) -> None:
    repository.write("requirements.txt", "six==1.16\n")
    repository.write("more.txt", "\n")
    changed = History("requirements.txt", "2022-05-20", changed=True)
    assert history(repository, "requirements.txt") == changed
    assert history(repository, "train.py") == History("train.py", "2022-06-30")
    git(repository, "add", "-A")
    assert history(repository, "requirements.txt") == changed


def test_a_file_without_a_commit_has_no_day(repository: World) -> None:
    repository.write("new.txt", "\n")
    repository.write("[a-z]*.txt", "\n")
    for path in ("new.txt", "missing.txt", "[a-z]*.txt", ":(top)train.py"):
        found = history(repository, path)
        assert found is not None
        assert (found.path, found.day) == (path, None)


def test_a_repository_without_a_commit_has_no_days(world: World) -> None:
    require("git", program("git"))
    git(world, "init", "-q")
    world.write("requirements.txt", "six\n")
    assert history(world, "requirements.txt") == History("requirements.txt")


def test_without_a_repository_there_is_no_history(world: World) -> None:
    world.write("requirements.txt", "six\n")
    assert history(world, "requirements.txt") is None


def test_the_end_of_a_shallow_clone_is_told(repository: World, tmp_path: Path) -> None:
    """There, every file seems to come from the oldest commit that was fetched."""
    repository.write("train.py", "1\n")
    commit(repository, "2022-07-01T12:00:00Z")
    shutil.rmtree(tmp_path / "clone", ignore_errors=True)
    address = repository.project.as_uri()
    git(repository, "clone", "-q", "--depth", "2", address, str(tmp_path / "clone"))
    found = history(repository, "requirements.txt", folder=tmp_path / "clone")
    assert found == History("requirements.txt", "2022-06-30", cut=True)
    found = history(repository, "train.py", folder=tmp_path / "clone")
    assert found == History("train.py", "2022-07-01")
