"""Taking in what has been gathered: every file is hashed, listed, and shared with its equals.

Links are kept as links and never followed. Sockets, pipes and devices are left out and said.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.manifest import Entry, Listing, stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from runner.artifacts.manifest import Artifact, Kind
    from runner.artifacts.store import Pool

_CHUNK = 1 << 20


class Failed(NamedTuple):
    """Something that could not be read, and why; ``path`` is the one that the job had it at."""

    path: str
    error: OSError


class Intake:
    """Takes in the artifacts of one run, one after the other.

    ``root`` is the folder of the run's artifacts, and ``progress`` is told files and bytes so far.
    ``unreadable`` are files that stay there unlisted, and ``changed`` those that were written or
    removed while they were taken in; what is listed is what is kept.
    """

    def __init__(self, root: Path, pool: Pool, progress: Callable[[int, int], None]) -> None:
        self._root = root
        self._pool = pool
        self._progress = progress
        self._reader = _Reader()
        self._files = self._bytes = 0
        self.unreadable: list[Failed] = []
        self.changed: list[str] = []

    def take_in(self, path: str, roots: Sequence[str], file: Path) -> Artifact:
        """List in ``file`` what lies at ``roots``, which the declared ``path`` has come to.

        ``roots`` are paths as the job had them, sorted; none lies within another.

        Raises:
            OSError: the list cannot be written.
        """
        with Listing(file, path) as listing:
            for root in roots:
                self._add(listing, root)
        return listing.artifact()

    def _add(self, listing: Listing, root: str) -> None:
        for name, kind in _walk(self._root, root):
            if kind is None:
                listing.skip(name)
                continue
            whole = os.path.join(self._root, stored(name))
            try:
                size, digest = self._reader.read(whole, kind)
                found = os.lstat(whole)
            except FileNotFoundError:
                self.changed.append(name)
                continue
            except OSError as error:
                self.unreadable.append(Failed(name, error))
                continue
            mode = stat.S_IMODE(found.st_mode) & 0o777
            listing.add(Entry(name, kind, size, digest, mode, found.st_mtime_ns))
            self._files += 1
            self._bytes += size
            self._progress(self._files, self._bytes)


def _walk(root: Path, path: str) -> Iterator[tuple[str, Kind | None]]:
    """Files and links below ``path`` and folders with nothing in them, sorted by path.

    The kind of what is not to be kept is ``None``. An artifact that is an empty folder counts as
    nothing: wf may have made it itself.
    """
    if not os.path.lexists(root / stored(path)):
        return
    left = [(path, _kind(root / stored(path)))]
    while left:
        name, kind = left.pop()
        if kind != "directory":
            yield name, kind
            continue
        with os.scandir(os.path.join(root, stored(name))) as found:
            below = [(f"{name}/{entry.name}", _kind(entry)) for entry in found]
        if not below and name != path:
            yield name, kind
        left += sorted(below, reverse=True)


def _kind(found: os.DirEntry[str] | Path) -> Kind | None:
    """What it is; most file systems tell with the name, so that nothing more is asked."""
    if found.is_symlink():
        return "link"
    if found.is_dir():
        return "directory"
    return "file" if found.is_file() else None


class _Reader:
    """Reads what is kept, one after the other, into one buffer."""

    def __init__(self) -> None:
        from blake3 import blake3

        self._hasher = blake3
        self._buffer = memoryview(bytearray(_CHUNK))

    def read(self, path: str, kind: Kind) -> tuple[int, str]:
        """How many bytes a file has (nothing else has any), and the digest of it."""
        hasher = self._hasher()
        size = 0
        if kind == "link":
            hasher.update(os.fsencode(os.readlink(path)))
        elif kind == "file":
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                while length := os.readv(descriptor, [self._buffer]):
                    hasher.update(self._buffer[:length])
                    size += length
            finally:
                os.close(descriptor)
        return size, f"blake3:{hasher.hexdigest()}"
