"""What is in the way of a pull."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blake3 import blake3

from runner.artifacts.entries import Entry
from runner.artifacts.giving.pulling import compare, make_way

if TYPE_CHECKING:
    from pathlib import Path

    from runner.artifacts.giving.pulling import Pull


def file(path: str, content: bytes = b"kept") -> Entry:
    return Entry(path, "file", len(content), f"blake3:{blake3(content).hexdigest()}", 0o644, 1)


def look(target: Path, *entries: Entry) -> Pull:
    return compare(target, entries, lambda *_: None)


def said(pull: Pull) -> list[str]:
    return list(map(str, pull.conflicts))


def test_a_folder_that_is_not_there_is_in_nobody_s_way(tmp_path: Path) -> None:
    assert look(tmp_path / "new", file("a")) == ([file("a")], 0, [])


def test_the_same_content_is_not_wanted_again(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"kept")
    assert look(tmp_path, file("a")) == ([], 1, [])


def test_every_conflict_is_named_once(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"mine")
    (tmp_path / "b").write_bytes(b"a file")
    (tmp_path / "c").symlink_to(tmp_path)
    (tmp_path / "d").mkdir()
    os.mkfifo(tmp_path / "e")
    entries = [file("a"), file("b/1"), file("b/2"), file("c/1"), file("d"), file("e")]
    pull = look(tmp_path, *entries)
    assert pull.wanted == entries
    assert said(pull) == [
        "a is there with other content",
        "b is a file, and a folder belongs there",
        "c is a link, and a folder belongs there",
        "d is a folder, and a file belongs there",
        "e is a device, a socket or a pipe, and a file belongs there",
    ]
    assert [one.path for one in pull.conflicts if one.stays] == ["d"]


def test_absolute_paths_lie_below_a_folder_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "@root").write_bytes(b"")
    assert said(look(tmp_path, file("/opt/a"))) == ["@root is a file, and a folder belongs there"]


def test_way_is_made_for_folders_only(tmp_path: Path) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    target = tmp_path / "target"
    target.mkdir()
    (target / "a").write_bytes(b"mine")
    (target / "c").symlink_to(outside)
    pull = look(target, file("a"), file("c/1"))
    make_way(target, pull.conflicts)
    assert sorted(os.listdir(target)) == ["a"]
    assert outside.is_dir()
