"""Whole folders."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner import tree

if TYPE_CHECKING:
    from pathlib import Path


def test_a_folder_is_measured_without_following_links(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").write_bytes(b"x" * 1000)
    root = tmp_path / "root"
    (root / "deep" / "empty").mkdir(parents=True)
    (root / "a").write_bytes(b"12345")
    (root / "deep" / "b").write_bytes(b"123")
    (root / "deep" / "link").symlink_to(tmp_path)
    files, size = tree.measure(root)
    assert files == 3
    assert size == 8 + len(
        os.fspath(tmp_path)
    )  # lstat(2): that of a link is the length of its text


def test_what_is_not_there_has_no_size(tmp_path: Path) -> None:
    assert tree.measure(tmp_path / "gone") == (0, 0)


def test_what_is_in_the_place_of_a_folder_is_removed_and_no_link_followed(tmp_path: Path) -> None:
    (tmp_path / "theirs").mkdir()
    (tmp_path / "theirs" / "file").touch()
    (tmp_path / "link").symlink_to("theirs")
    (tmp_path / "plain").touch()
    for name in ("link", "plain"):
        tree.remove(tmp_path / name)
    assert [path.name for path in tmp_path.iterdir()] == ["theirs"]
    assert (tmp_path / "theirs" / "file").exists()
