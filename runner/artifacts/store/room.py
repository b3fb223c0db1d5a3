"""What runs take on the disk, and what the disk gets back without them.

Equal files of several runs are one file with several names (hard links), one of them in the pool.
Its room is free again when the last of its names is gone. The pool's name does not count: it goes
with the last run that has the file.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import stored
from runner.content import allocated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.store.pool import Pool


class Sharing(NamedTuple):
    """What some entries take on the disk, in bytes.

    ``own`` is what the disk gets back when their run is removed, ``shared`` are the paths of files
    that other runs keep as well.
    """

    taken: int
    own: int
    shared: frozenset[str]


def sharing(
    root: Path, pool: Pool, entries: Iterable[Entry], progress: Callable[[int, int], None]
) -> Sharing:
    """Look at the files of entries below ``root``; ``progress`` is told files and bytes so far.

    A file that is not there takes no room.
    """
    names: Counter[tuple[int, int]] = Counter()
    found: dict[tuple[int, int], os.stat_result] = {}
    digests: dict[tuple[int, int], str] = {}
    paths: list[tuple[str, tuple[int, int]]] = []
    size = 0
    for number, entry in enumerate(entries, 1):
        size += entry.bytes
        progress(number, size)
        at = _stat(os.path.join(root, stored(entry.path)))
        if at is None or not stat.S_ISREG(at.st_mode):
            continue
        inode = (at.st_dev, at.st_ino)
        names[inode] += 1
        found[inode] = at
        digests[inode] = entry.digest
        paths.append((entry.path, inode))
    elsewhere = {
        inode
        for inode, at in found.items()
        if at.st_nlink > names[inode]
        and at.st_nlink > names[inode] + _pooled(pool, digests[inode], at)
    }
    taken = sum(map(allocated, found.values()))
    others = sum(allocated(found[inode]) for inode in elsewhere)
    shared = frozenset(path for path, inode in paths if inode in elsewhere)
    return Sharing(taken, taken - others, shared)


def holders(path: str, root: Path, others: Sequence[Path]) -> Path | None:
    """The first of other runs' folders of artifacts that has the very same file at ``path``."""
    own = _stat(os.path.join(root, stored(path)))
    if own is None:
        return None
    for other in others:
        at = _stat(os.path.join(other, stored(path)))
        if at is not None and (at.st_dev, at.st_ino) == (own.st_dev, own.st_ino):
            return other
    return None


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
            size = allocated(found)
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


def _pooled(pool: Pool, digest: str, found: os.stat_result) -> bool:
    """Whether one of the file's names is the pool's."""
    at = _stat(pool.path(digest.partition(":")[2], found.st_mode))
    return at is not None and os.path.samestat(at, found)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None
