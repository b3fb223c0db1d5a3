"""What is in a file, found and copied."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.store.hashing import Hasher
from runner.content import Range, ranges

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
