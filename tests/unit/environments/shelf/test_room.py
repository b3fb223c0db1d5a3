"""The room that folders take, with files that have several names."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner.environments.shelf.room import room, together

if TYPE_CHECKING:
    from pathlib import Path

SIZE = 1 << 16


@pytest.fixture
def two(tmp_path: Path) -> tuple[Path, Path]:
    """Two folders with a file of their own each, one that they share, and one that a cache has."""
    one, other, cache = (tmp_path / name for name in ("one", "other", "cache"))
    for folder in (one, other, cache):
        folder.mkdir()
    for path in (one / "own", other / "own", one / "shared", cache / "kept"):
        path.write_bytes(b"x" * SIZE)
        with path.open("rb") as file:
            os.fsync(file.fileno())  # blocks are counted, and given late
    os.link(one / "shared", other / "shared")
    os.link(cache / "kept", one / "kept")
    os.link(cache / "kept", other / "kept")
    os.link(one / "own", one / "own-again")
    return one, other


def about(size: int, files: int) -> bool:
    """The folders themselves take a little, too."""
    return files * SIZE <= size < files * SIZE + SIZE // 2


def test_each_file_counts_once(two: tuple[Path, Path]) -> None:
    assert about(room(two[0]).total(), 3)
    assert about(together(map(room, two)).total(), 4)


def test_what_has_a_name_elsewhere_is_not_free_without_the_folder(two: tuple[Path, Path]) -> None:
    one, other = map(room, two)
    assert about(one.own(), 1)
    assert about(together([one, other]).own(), 3)
    assert one.elsewhere(other) == 0
    assert about(together([one, other]).elsewhere(together([])), 1)


def test_what_is_taken_away_counts_no_longer(two: tuple[Path, Path]) -> None:
    one, other = map(room, two)
    both = together([one, other])
    both.take_away(one)
    assert both.total() == other.total()
    both.take_away(other)
    assert both.total() == 0


def test_a_folder_that_is_gone_takes_nothing(tmp_path: Path) -> None:
    assert room(tmp_path / "gone").total() == 0
