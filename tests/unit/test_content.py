"""What is in a file, found and copied."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.store.hashing import Hasher
from runner.content import Range, pour, ranges

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """A file of 4 MiB and 3 bytes with data at its second MiB, and holes around."""
    path = tmp_path / "sparse"
    with path.open("wb") as file:
        file.seek(1 << 20)
        file.write(b"x" * (1 << 20))
        file.truncate((4 << 20) + 3)
    if path.stat().st_blocks * 512 >= path.stat().st_size:
        pytest.skip("no holes on this file system")
    return path


def test_what_is_there_lies_between_the_holes(sparse: Path) -> None:
    with sparse.open("rb") as file:
        found = list(ranges(file.fileno(), os.fstat(file.fileno())))
    assert found == [Range(1 << 20, 1 << 20)]


def test_a_file_that_grows_is_what_it_was(sparse: Path) -> None:
    with sparse.open("rb") as file:
        before = os.fstat(file.fileno())
        with sparse.open("ab") as more:
            more.write(b"y" * (1 << 20))
        found = list(ranges(file.fileno(), before))
        assert found[-1].begin + found[-1].length <= before.st_size
        size, _ = Hasher().read(file.fileno(), before)
    assert size == before.st_size


def test_a_file_system_that_does_not_tell_has_data_everywhere(
    sparse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: int) -> int:
        raise OSError(errno.EINVAL, os.strerror(errno.EINVAL))

    with sparse.open("rb") as file:
        size = os.fstat(file.fileno()).st_size
        monkeypatch.setattr(os, "lseek", refuse)
        assert list(ranges(file.fileno(), os.fstat(file.fileno()))) == [Range(0, size)]


def cut(path: Path, monkeypatch: pytest.MonkeyPatch, size: int) -> None:
    """Have a file become that short when it is known what there is of it."""
    copy = os.copy_file_range

    def then(*given: int) -> int:
        os.truncate(path, size)
        return copy(*given)

    monkeypatch.setattr(os, "copy_file_range", then)


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize("size", [0, 5, (1 << 20) - 1, 1 << 20])
def test_what_becomes_shorter_meanwhile_is_copied_as_far_as_it_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    source, target = tmp_path / "source", tmp_path / "target"
    whole = os.urandom(1 << 20)
    source.write_bytes(whole)
    cut(source, monkeypatch, size)
    with source.open("rb") as reading, target.open("wb") as writing:
        assert pour(reading.fileno(), writing.fileno()) == size
    assert target.read_bytes() == whole[:size]


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize("size", [5, (1 << 20) + 5, (3 << 20) + 5])
def test_so_is_one_with_holes(
    sparse: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    target = tmp_path / "target"
    cut(sparse, monkeypatch, size)
    with sparse.open("rb") as reading, target.open("wb") as writing:
        copied = pour(reading.fileno(), writing.fileno())
    assert copied == target.stat().st_size <= size
    assert target.read_bytes() == sparse.read_bytes()[:copied]


@pytest.mark.usefixtures("no_clones")
def test_holes_stay_holes(sparse: Path, tmp_path: Path) -> None:
    target = tmp_path / "target"
    with sparse.open("rb") as reading, target.open("wb") as writing:
        assert pour(reading.fileno(), writing.fileno()) == sparse.stat().st_size
    assert target.read_bytes() == sparse.read_bytes()
    assert target.stat().st_blocks < 4 << 11
