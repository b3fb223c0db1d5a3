"""Making the files of a run read-only, and one with their equals, when it is over.

That is done where there are many of them. A mark says that it is still to be done, and is there
before the first is left for later; whoever does it holds a lock on the mark. It may be done by
anybody, and be broken off at any moment: the lists, which are on the disk by then, tell the modes
and times that files had, and one that is not shared is one of its own, which is as good.

Until then a file could be written to by whoever's it is. So nothing is done to what is not as it
was kept, and each is read once more, when nobody can write to it any more, before others come to
depend on it.
"""

from __future__ import annotations

import fcntl
import json
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.artifacts.entries import PREFIX, Entry, stored
from runner.artifacts.folders import READING, OwnFolders
from runner.artifacts.store.hashing import Hasher
from runner.artifacts.store.pool import Candidate, Pool, read_only
from runner.artifacts.store.taking import clear_staging, is_alone, lock, staging
from runner.content import allocated
from runner.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.paths import RunPaths


_MARKING = os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC
_LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC


def _nobody(_files: int, _bytes: int) -> None:
    """Nobody watches."""


def share(
    paths: RunPaths,
    unshared: Path,
    pool: Pool,
    progress: Callable[[int, int], None] = _nobody,
    *,
    wait: bool = True,
) -> int:
    """Do what is still to be done of a run that is over; the bytes that the disk gets back.

    ``unshared`` is its mark; nothing happens where there is none. Unless it shall ``wait``, what
    somebody else is at is left to that one. ``progress`` is told files and bytes so far.

    Raises:
        OSError: a list cannot be read, or the mark cannot be removed.
    """
    held = _held(unshared, wait=wait)
    if held is None:
        return 0
    try:
        freed = 0
        with suppress(FileNotFoundError):  # it has been removed
            freed = _Sharing(paths, pool).all(progress)
        unshared.unlink(missing_ok=True)
    finally:
        os.close(held)
    return freed


def mark(unshared: Path) -> bool:
    """That is to be done of a run; ``False`` where it cannot be brought to the disk."""
    try:
        unshared.parent.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(unshared, _MARKING, 0o600))
        folder = os.open(unshared.parent, _LISTING)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    except OSError:
        return False
    return True


def unmark(unshared: Path) -> None:
    """It is not to be done any more: the run has been moved out of sight.

    Whoever is at it is waited for.
    """
    held = _held(unshared, wait=True)
    if held is not None:
        unshared.unlink(missing_ok=True)
        os.close(held)


class _Sharing:
    """That of one run, by whoever holds its mark.

    Raises:
        FileNotFoundError: it is gone.
    """

    def __init__(self, paths: RunPaths, pool: Pool) -> None:
        self._paths = paths
        self._pool = pool
        self._found = os.stat(paths.root)
        self._user = os.geteuid()
        self._hasher = Hasher()
        self._staged = staging(paths.artifacts, os.getpid())

    def all(self, progress: Callable[[int, int], None]) -> int:
        """Go through the lists, as long as the run is there; the bytes that this frees."""
        clear_staging(self._paths.artifacts)
        freed = size = 0
        with suppress(FileNotFoundError), OwnFolders(self._paths.artifacts) as folders:
            for number, entry in enumerate(_files(self._paths.lists), 1):
                if not self._is_there():
                    break
                reach("sharing")
                # what is not there, or nobody may look at, stays as it is
                with suppress(OSError):
                    freed += self._one(entry, folders)
                size += entry.bytes
                progress(number, size)
        return freed

    def _is_there(self) -> bool:
        """Whether the run has not been moved out of sight: who removes it waits for us."""
        try:
            return os.path.samestat(os.stat(self._paths.root), self._found)
        except OSError:
            return False

    def _one(self, entry: Entry, folders: OwnFolders) -> int:
        above, _, name = stored(entry.path).rpartition("/")
        folder = folders.at(above)
        descriptor = os.open(name, READING, dir_fd=folder)
        try:
            found = os.fstat(descriptor)
            if not self._is_kept(entry, found):
                return 0
            lock(descriptor, found)
            reach("locked")
            digest = entry.digest.removeprefix(PREFIX)
            if not entry.bytes or not self._holds(descriptor, found, digest):
                return 0
            self._pool.share(Candidate(name, folder, found, digest), self._staged, self._hasher)
        finally:
            os.close(descriptor)
        now = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return 0 if os.path.samestat(now, found) else allocated(found)

    def _holds(self, descriptor: int, found: os.stat_result, digest: str) -> bool:
        """Whether this is in a file (hex), and stays in it: nobody has it open for writing."""
        return is_alone(descriptor) is not False and self._hasher.holds(descriptor, found, digest)

    def _is_kept(self, entry: Entry, found: os.stat_result) -> bool:
        """Whether a file is as it was kept, as far as can be seen from outside, and not shared.

        It has the mode that the job gave it, or the one it is to have.
        """
        mode = entry.mode or 0
        return (
            stat.S_ISREG(found.st_mode)
            and found.st_nlink == 1
            and found.st_uid == self._user
            and found.st_size == entry.bytes
            and found.st_mtime_ns == entry.modified
            and stat.S_IMODE(found.st_mode) in {mode, read_only(mode)}
        )


def _files(lists: Path) -> Iterator[Entry]:
    """The files that are told of in a folder of lists, but for what is damaged."""
    for listed in sorted(lists.glob("*.jsonl")):
        with listed.open("rb") as lines:
            for line in lines:
                with suppress(ValueError, TypeError):
                    entry = Entry(**json.loads(line))
                    if entry.kind == "file":
                        yield entry


def _held(unshared: Path, *, wait: bool) -> int | None:
    """The mark, locked; ``None`` where there is none, or somebody else is at it."""
    try:
        descriptor = os.open(unshared, os.O_RDWR | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
