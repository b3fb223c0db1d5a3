"""What the disk gets back when runs are removed, whose files may be those of other runs as well.

A file's room is free again when the last of its names is gone. The pool's name does not count: it
goes with the last run that has the file.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.store import Pool

_BLOCK = 512  # of st_blocks, stat(2)


class _Names(NamedTuple):
    """A file with several names: how many of them were met, how many there are, its bytes."""

    met: int
    all: int
    bytes: int


class Freeing:
    """Adds up what removing some folders would free: that of a file when all of its names go."""

    def __init__(self, pool: Pool | None = None) -> None:
        """Without a ``pool`` its names count as any other's."""
        self._pooled = frozenset(() if pool is None else pool.inodes())
        self._met: dict[int, _Names] = {}
        self.bytes = 0
        """What all folders so far would free together."""

    def add(self, folder: Path) -> int:
        """Add a folder; the bytes that removing it alone would free."""
        alone = 0
        here: dict[int, _Names] = {}
        for found, names in _files(folder):
            size = found.st_blocks * _BLOCK
            links = names - (found.st_ino in self._pooled)
            before = here.pop(found.st_ino, _Names(0, links, size))
            if before.met + 1 >= links:
                alone += size
            else:
                here[found.st_ino] = before._replace(met=before.met + 1)
        self.bytes += alone
        for inode, those in here.items():
            before = self._met.pop(inode, those._replace(met=0))
            met = before.met + those.met
            if met >= those.all:
                self.bytes += those.bytes
            else:
                self._met[inode] = those._replace(met=met)
        return alone


def _files(folder: Path) -> Iterator[tuple[os.stat_result, int]]:
    """What lies in a folder, without what cannot be seen, and how many names each thing has."""
    left = [os.fspath(folder)]
    while left:
        with suppress(OSError), os.scandir(left.pop()) as entries:
            for entry in entries:
                with suppress(OSError):
                    found = entry.stat(follow_symlinks=False)
                    if entry.is_dir(follow_symlinks=False):
                        left.append(entry.path)
                        yield found, 1  # its further names are those of what lies in it
                    else:
                        yield found, found.st_nlink
