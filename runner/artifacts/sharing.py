"""Which of a run's files other runs keep as well, and what the disk gets back without the run.

Equal files of several runs are one file with several names (hard links), one of them in the pool.
"""

from __future__ import annotations

import os
import stat
from collections import Counter
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.manifest import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from runner.artifacts.manifest import Entry
    from runner.artifacts.store import Pool

_BLOCK = 512


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
    taken = sum(at.st_blocks for at in found.values()) * _BLOCK
    others = sum(found[inode].st_blocks for inode in elsewhere) * _BLOCK
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


def _pooled(pool: Pool, digest: str, found: os.stat_result) -> bool:
    """Whether one of the file's names is the pool's."""
    at = _stat(pool.path(digest.partition(":")[2], found.st_mode))
    return at is not None and os.path.samestat(at, found)


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except OSError:
        return None
