"""The pool of files that the artifacts of all runs consist of, found by what is in them.

Its objects are further names (hard links) of the very files in the runs' folders, never the only
copy of anything: the kernel counts who needs them. An object without another name is needed by
nobody, and may be removed by anybody at any moment. So there is no lock here and no list, and a
crash leaves nothing that is wrong.

Two files are made one only among those that are read-only, and nobody else's: what a job could
still write to is never shared.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.folders import READING
from runner.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.store.hashing import Hasher

_BLOCK = 512  # of st_blocks, stat(2)
_EXECUTABLE = ".x"
_TRIES = 3


class Candidate(NamedTuple):
    """A file of a run: its name in an open folder, what it is, and its digest (hex)."""

    name: str
    folder: int
    found: os.stat_result
    digest: str


class Object(NamedTuple):
    """One of the pool: its name there, and what is in it by that name (hex)."""

    path: str
    digest: str


class Pool:
    """The objects below ``root``, which appears with the first of them.

    ``ab/cdef…`` is the file whose blake3 digest is ``abcdef…``; ``.x`` is appended for one that may
    be executed, as a file has one mode for all its names.
    """

    def __init__(self, root: Path) -> None:
        self._root = os.fspath(root)
        self._made: set[str] = set()

    def path(self, digest: str, mode: int) -> str:
        """Where the object with this content (hex) is, for files of this mode."""
        suffix = _EXECUTABLE if mode & 0o111 else ""
        return f"{self._root}/{digest[:2]}/{digest[2:]}{suffix}"

    def share(self, file: Candidate, staged: str, hasher: Hasher) -> None:
        """Make a file, which is read-only already, one with its equals of other runs.

        Where the pool has its content, which is read once more for that, it is replaced by the
        pool's in one step; ``staged`` is a path in the same file system for that, which is nobody
        else's. Else it becomes the pool's.
        Where neither can be (another file system, too many names, no room for them) it stays what
        it is.
        """
        path = self.path(file.digest, file.found.st_mode)
        if self._give(file, path):
            return
        with suppress(OSError):
            for _ in range(_TRIES):
                if self._take(file, path, staged, hasher) or self._give(file, path):
                    return

    def _give(self, file: Candidate, path: str) -> bool:
        """Make it the pool's; ``False`` if the pool had one, or has to be tried once more."""
        parent = file.digest[:2]
        try:
            if parent not in self._made:
                os.makedirs(os.path.dirname(path), mode=0o700, exist_ok=True)
                self._made.add(parent)
            os.link(file.name, path, src_dir_fd=file.folder, follow_symlinks=False)
        except FileExistsError:
            return False
        except FileNotFoundError:  # somebody has tidied up
            self._made.discard(parent)
            return False
        except OSError:  # not here
            return True
        return True

    def _take(self, file: Candidate, path: str, staged: str, hasher: Hasher) -> bool:
        """Make it the one that the pool has; whether that could be done."""
        try:
            had = os.stat(path, follow_symlinks=False)
        except FileNotFoundError:  # it was needed by nobody
            return False
        if os.path.samestat(had, file.found):
            return True
        if not (_alike(had, file.found) and _holds(path, file.digest, hasher)):
            # damaged by hand: it is not to be found any more, by anybody
            os.unlink(path)
            return False
        try:
            _link_anew(path, staged)
        except FileNotFoundError:
            return False
        except OSError as error:
            if error.errno != errno.EMLINK:
                raise
            # the next ones find this file, which has names left
            _link_anew(file.name, staged, file.folder)
            os.replace(staged, path)
            return True
        reach("staged")
        try:
            os.replace(staged, file.name, dst_dir_fd=file.folder)
        except OSError:
            os.unlink(staged)
            raise
        return True

    def holds(self, found: os.stat_result, digest: str) -> bool:
        """Whether the pool has this content, be it this very file or another one."""
        try:
            had = os.stat(self.path(digest, found.st_mode), follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(had, found) or _alike(had, found)

    def is_object(self, found: os.stat_result, digest: str) -> bool:
        """Whether this very file is the pool's object of that content (hex)."""
        try:
            had = os.stat(self.path(digest, found.st_mode), follow_symlinks=False)
        except OSError:
            return False
        return os.path.samestat(had, found)

    def objects(self) -> Iterator[Object]:
        """All of them, and whatever else lies there, in no order."""
        with suppress(FileNotFoundError), os.scandir(self._root) as folders:
            for folder in folders:
                with suppress(OSError), os.scandir(folder.path) as found:
                    for entry in found:
                        digest = folder.name + entry.name.removesuffix(_EXECUTABLE)
                        yield Object(entry.path, digest)

    def inodes(self) -> set[int]:
        """The inode of each of them."""
        found: set[int] = set()
        with suppress(FileNotFoundError), os.scandir(self._root) as folders:
            for folder in folders:
                with suppress(OSError), os.scandir(folder.path) as objects:
                    found.update(entry.inode() for entry in objects)
        return found

    def release(self, digest: str) -> int:
        """Remove what nobody needs any more of this content (hex); the bytes that frees."""
        return sum(release(self.path(digest, mode)) for mode in (0o444, 0o555))

    def unneeded(self) -> int:
        """The bytes that :meth:`sweep` would free."""
        return sum(_needless(found.path) or 0 for found in self.objects())

    def sweep(self) -> int:
        """Remove all that nobody needs any more; the bytes that frees."""
        return sum(release(found.path) for found in self.objects())


def release(path: str) -> int:
    """Remove an object that has no other name any more; the bytes that frees on the disk."""
    freed = _needless(path)
    try:
        if freed is not None:
            os.unlink(path)
    except OSError:
        return 0
    return freed or 0


def _needless(path: str) -> int | None:
    """The bytes that an object takes which has no other name; ``None`` for others."""
    try:
        found = os.stat(path, follow_symlinks=False)
    except OSError:
        return None
    alone = found.st_nlink == 1 and not stat.S_ISDIR(found.st_mode)
    return found.st_blocks * _BLOCK if alone else None


def read_only(mode: int) -> int:
    """The mode that a file is kept with."""
    return 0o555 if mode & 0o111 else 0o444


def _alike(had: os.stat_result, found: os.stat_result) -> bool:
    """Whether an object is as it was made, as far as can be seen from outside."""
    return (
        stat.S_ISREG(had.st_mode)
        and stat.S_IMODE(had.st_mode) == read_only(had.st_mode)
        and had.st_size == found.st_size
    )


def _holds(path: str, digest: str, hasher: Hasher) -> bool:
    """Whether an object has the content that it is named after: who is root may have edited it."""
    descriptor = os.open(path, READING)
    try:
        return hasher.holds(descriptor, os.fstat(descriptor), digest)
    finally:
        os.close(descriptor)


def _link_anew(source: str, staged: str, folder: int | None = None) -> None:
    """Give a file a further name; one that a crash has left there is replaced."""
    try:
        os.link(source, staged, src_dir_fd=folder, follow_symlinks=False)
    except FileExistsError:
        os.unlink(staged)
        os.link(source, staged, src_dir_fd=folder, follow_symlinks=False)
