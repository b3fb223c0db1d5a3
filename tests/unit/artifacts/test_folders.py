"""Ways below a folder: each is gone anew where the last one ended elsewhere, and none by a link."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.folders import Folders, NewFolders, OnTheWayError, OwnFolders

if TYPE_CHECKING:
    from pathlib import Path

DEEPER_THAN_IS_HELD = "/".join(["d"] * 70)
PATHS = ["", "a", "a/b", "a/b/c", "a/missing", "a/b/missing/x", "other", "other/b", "a/link/c",
         DEEPER_THAN_IS_HELD, f"{DEEPER_THAN_IS_HELD}/e", "d/d"]  # fmt: skip


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("root")
    for path in ("a/b/c", "other/b", f"{DEEPER_THAN_IS_HELD}/e"):
        (root / path).mkdir(parents=True)
    (root / "a" / "link").symlink_to("b")
    return root


@pytest.mark.parametrize("kind", [Folders, OwnFolders])
@given(paths=st.lists(st.sampled_from(PATHS), max_size=8))
def test_each_path_leads_to_its_folder_whatever_was_asked_before(
    root: Path, kind: type[Folders], paths: list[str]
) -> None:
    with kind(root) as folders:
        for path in paths:
            try:
                found = os.fstat(folders.at(path))
            except OnTheWayError:
                assert "link" in path
            except FileNotFoundError:
                assert "missing" in path
            else:
                assert os.path.samestat(found, os.stat(root / path))


@pytest.mark.parametrize("path", ["..", "a/../a", "/", "a//b", "./a", "a/", "a\0"])
def test_no_path_leads_elsewhere(root: Path, path: str) -> None:
    with Folders(root) as folders, pytest.raises(OSError, match="leads elsewhere"):
        folders.at(path)


def test_folders_are_made_and_told_once(tmp_path: Path) -> None:
    with NewFolders(tmp_path, careful=True) as folders:
        folders.at("a/b")
        folders.at("a/c")
        assert folders.take_made() == ["a", "a/b", "a/c"]
        folders.at("a/b")
        assert folders.take_made() == []


def test_only_who_is_not_careful_removes_what_is_on_the_way(tmp_path: Path) -> None:
    (tmp_path / "a").write_text("somebody's")
    with NewFolders(tmp_path, careful=True) as folders, pytest.raises(OnTheWayError):
        folders.at("a/b")
    assert (tmp_path / "a").read_text() == "somebody's"
    with NewFolders(tmp_path, careful=False) as folders:
        folders.at("a/b")
    assert (tmp_path / "a" / "b").is_dir()
