"""Whether what is kept is what was kept: every byte is read again and compared with the lists.

A file that several runs have is read once. What the pool has by a wrong name is taken out of it, so
that nothing new comes to be made of it.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from runner.artifacts.entries import OPEN, PREFIX, stored
from runner.artifacts.folders import READING, OnTheWayError, OwnFolders
from runner.artifacts.store.hashing import Hasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.manifest import Artifact
    from runner.artifacts.store.pool import Pool

# what open(2) answers where there is a link or a socket, and readlink(2) where there is no link
_NO_FILE = frozenset({errno.ELOOP, errno.ENXIO, errno.EINVAL})


@dataclass(slots=True)
class Damage:
    """What is wrong with a run's artifacts, as paths that the job had.

    Other content, kind or target; not there; not in the list; not to be read. ``lists`` are
    artifacts whose list is not the one that was written.
    """

    changed: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    unlisted: list[str] = field(default_factory=list)
    unreadable: list[str] = field(default_factory=list)
    lists: list[str] = field(default_factory=list)

    def __bool__(self) -> bool:
        found = (self.changed, self.missing, self.unlisted, self.unreadable, self.lists)
        return any(found)


class Verifier:
    """Compares runs with their lists. ``progress`` is told files and bytes so far."""

    def __init__(self, pool: Pool, progress: Callable[[int, int], None]) -> None:
        self._pool = pool
        self._progress = progress
        self._hasher = Hasher()
        self._known: dict[tuple[int, int], bytes] = {}
        self._files = self._bytes = 0
        self.removed: list[str] = []
        """Digests of objects that were not what they are named after."""

    def run(self, root: Path, artifacts: Sequence[Artifact]) -> Damage | None:
        """Everything that is wrong with the artifacts below ``root``, a run's folder of them.

        ``None``: the run has been removed meanwhile.
        """
        try:
            damage = self._run(root, artifacts)
        except FileNotFoundError:  # it went away while it was looked at
            damage = Damage(missing=_kept(artifacts))
        return damage if root.parent.exists() else None

    def _run(self, root: Path, artifacts: Sequence[Artifact]) -> Damage:
        damage = Damage()
        if not root.is_dir():
            damage.missing += _kept(artifacts)
            return damage
        listed: set[str] = set()
        with OwnFolders(root) as folders:
            for artifact in artifacts:
                self._artifact(artifact, folders, listed, damage)
        if not damage.lists:
            damage.unlisted += sorted(_unlisted(root, listed))
        return damage

    def pool(self) -> None:
        """Look at what is in the pool and in none of the runs so far as well."""
        for found in self._pool.objects():
            with suppress(OSError):
                descriptor = os.open(found.path, READING)
                try:
                    if self._digest(descriptor) != found.digest:
                        self._remove(found.digest, found.path)
                finally:
                    os.close(descriptor)

    def _artifact(
        self, artifact: Artifact, folders: OwnFolders, listed: set[str], damage: Damage
    ) -> None:
        """Compare what its list says, be it the right one or not; and see whether it is."""
        try:
            for entry in artifact.told():
                if stored(entry.path) not in listed:
                    listed.add(stored(entry.path))
                    self._entry(entry, folders, damage)
            artifact.check()
        except (OSError, ValueError):
            damage.lists.append(artifact.path)

    def _entry(self, entry: Entry, folders: OwnFolders, damage: Damage) -> None:
        above, _, name = stored(entry.path).rpartition("/")
        try:
            folder = folders.at(above)
            if entry.kind == "file":
                intact = self._file(entry, name, folder)
            elif entry.kind == "link":
                target = os.fsencode(os.readlink(name, dir_fd=folder))
                intact = entry.digest == PREFIX + self._hasher.text(target)
            else:
                found = os.stat(name, dir_fd=folder, follow_symlinks=False)
                intact = stat.S_ISDIR(found.st_mode) and _lets_in(found.st_mode, entry)
        except (FileNotFoundError, OnTheWayError):
            damage.missing.append(entry.path)
        except OSError as error:
            changed = error.errno in _NO_FILE
            (damage.changed if changed else damage.unreadable).append(entry.path)
        else:
            if not intact:
                damage.changed.append(entry.path)

    def _file(self, entry: Entry, name: str, folder: int) -> bool:
        descriptor = os.open(name, READING, dir_fd=folder)
        try:
            found = os.fstat(descriptor)
            if not stat.S_ISREG(found.st_mode):
                return False
            wanted, digest = entry.digest.removeprefix(PREFIX), self._digest(descriptor)
        finally:
            os.close(descriptor)
        if digest != wanted and self._pool.is_object(found, wanted):
            self._remove(wanted, self._pool.path(wanted, found.st_mode))
        return digest == wanted and found.st_size == entry.bytes

    def _digest(self, descriptor: int) -> str:
        """The digest of an open file (hex), which is read unless it was by another of its names."""
        found = os.fstat(descriptor)
        inode = (found.st_dev, found.st_ino)
        known = self._known.get(inode)
        if known is None:
            size, digest = self._hasher.read(descriptor, found)
            known = bytes.fromhex(digest)
            if found.st_nlink > 1:
                self._known[inode] = known
            self._files += 1
            self._bytes += size
            self._progress(self._files, self._bytes)
        return known.hex()

    def _remove(self, digest: str, path: str) -> None:
        with suppress(FileNotFoundError):
            os.unlink(path)
            self.removed.append(digest)


def _lets_in(mode: int, entry: Entry) -> bool:
    """Whether a folder lets the same others in; its owner may have had to be let in."""
    return entry.mode is None or (mode ^ entry.mode) & OPEN == 0


def _kept(artifacts: Sequence[Artifact]) -> list[str]:
    return [artifact.path for artifact in artifacts if artifact.digest]


def _unlisted(root: Path, listed: set[str]) -> Iterator[str]:
    """What lies there and is in no list; folders are only there for what is in them."""
    left = [""]
    while left:
        folder = left.pop()
        with os.scandir(root / folder) as found:
            for entry in found:
                path = f"{folder}/{entry.name}" if folder else entry.name
                if entry.is_dir(follow_symlinks=False):
                    left.append(path)
                elif path not in listed:
                    yield path
