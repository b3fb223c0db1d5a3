"""Ways below a folder: each is gone anew where the last one ended elsewhere, and none by a link."""

from __future__ import annotations

import os
import stat
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from runner import tree
from runner.artifacts.entries import Entry
from runner.artifacts.folders import Folders, NewFolders, OnTheWayError, OwnFolders
from runner.artifacts.giving.inputs import place

if TYPE_CHECKING:
    from collections.abc import Iterator

NOBODY = 65534
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


@pytest.fixture
def nobody() -> Iterator[Path]:
    """A folder of somebody's who is not root, in one that he may pass and not look into."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    home = Path(tempfile.mkdtemp(prefix="wf-home-"))
    try:
        home.chmod(0o711)
        own = home / "own"
        own.mkdir()
        os.chown(own, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        yield own
    finally:
        os.seteuid(0)
        tree.remove(home)


def test_what_may_only_be_passed_is_passed(nobody: Path) -> None:
    below = str(nobody).lstrip("/")
    with Folders("/") as folders, NewFolders("/", careful=True) as made:
        assert os.path.samestat(os.fstat(folders.at(below)), nobody.stat())
        assert os.path.samestat(os.fstat(made.at(f"{below}/new")), (nobody / "new").stat())


def test_what_had_an_absolute_path_is_given_back_there(nobody: Path) -> None:
    """Below such a folder: as a person's own often lies."""
    source = nobody / "artifacts"
    kept = source / "@root" / str(nobody).lstrip("/") / "data"
    (kept / "deep").mkdir(parents=True)
    (kept / "deep" / "file").write_bytes(b"kept")
    (kept / "empty").mkdir()
    data = f"{nobody}/data"
    digest = f"blake3:{blake3(b'kept').hexdigest()}"
    entries = [
        Entry(f"{data}/deep/file", "file", 4, digest, 0o640, 1_600_000_000_000_000_001),
        Entry(f"{data}/empty", "directory", 0, "", 0o750, 1_600_000_000_000_000_002),
    ]
    assert place(source, entries, nobody, lambda *_: None) == []
    given = nobody / "data"
    assert (given / "deep/file").read_bytes() == b"kept"
    assert stat.S_IMODE((given / "empty").stat().st_mode) == 0o750
    assert (given / "empty").stat().st_mtime_ns == 1_600_000_000_000_000_002
