"""What a pull would write into a folder of its user's, and what is in its way there.

Nothing of the user's is written over: a file that is there with other content is a conflict. One
with the same content is not written again, so that a pull that was interrupted is finished by
another one.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.manifest import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.artifacts.manifest import Entry

_CHUNK = 1 << 20


class Conflict(NamedTuple):
    """Something that is in the way; ``replaceable`` if it may go when its user says so."""

    path: str
    what: str
    replaceable: bool


class Pull(NamedTuple):
    """What is to be written, how many files are there already, and what is in the way."""

    wanted: list[Entry]
    same: int
    conflicts: list[Conflict]


def compare(
    target: str,
    entries: Iterable[Entry],
    link_of: Callable[[Entry], str],
    progress: Callable[[int, int], None],
) -> Pull:
    """Look at what is in the folder ``target``, which need not be there.

    ``link_of`` says where the link of an entry leads. ``progress`` is told files and bytes that
    were read so far.

    Raises:
        OSError: something cannot be looked at.
    """
    looker = _Looker(target, link_of, progress)
    wanted: list[Entry] = []
    conflicts: dict[str, Conflict] = {}
    same = 0
    for entry in entries:
        found = looker.look(entry)
        if found is None:
            wanted.append(entry)
        elif isinstance(found, Conflict):
            conflicts.setdefault(found.path, found)
            wanted.append(entry)
        else:
            same += entry.kind != "directory"
    return Pull(wanted, same, list(conflicts.values()))


class _Same(NamedTuple):
    """It is there already."""


class _Looker:
    """Compares entries with what is there, each folder on the way once."""

    def __init__(
        self, target: str, link_of: Callable[[Entry], str], progress: Callable[[int, int], None]
    ) -> None:
        self._target = target
        self._link_of = link_of
        self._progress = progress
        self._files = self._bytes = 0
        self._ways: dict[str, Conflict | bool] = {"": True}

    def look(self, entry: Entry) -> Conflict | _Same | None:
        """What is at the path of an entry; ``None`` if nothing is."""
        path = stored(entry.path)
        way = self._way(os.path.dirname(path))
        if isinstance(way, Conflict):
            return way
        found = _lstat(os.path.join(self._target, path)) if way else None
        if found is None:
            return None
        return self._compared(entry, path, found)

    def _way(self, folder: str) -> Conflict | bool:
        """Whether a folder is there, as it must be to have anything in it."""
        known = self._ways.get(folder)
        if known is None:
            above = self._way(os.path.dirname(folder))
            known = above
            if above is True:
                known = self._folder(folder)
            self._ways[folder] = known
        return known

    def _folder(self, path: str) -> Conflict | bool:
        found = _lstat(os.path.join(self._target, path))
        if found is None:
            return False
        if stat.S_ISDIR(found.st_mode):
            return True
        return Conflict(path, f"{_kind(found)}, where a folder belongs", replaceable=True)

    def _compared(self, entry: Entry, path: str, found: os.stat_result) -> Conflict | _Same:
        is_folder = stat.S_ISDIR(found.st_mode)
        if entry.kind == "directory":
            if is_folder:
                return _Same()
            return Conflict(path, f"{_kind(found)}, where a folder belongs", replaceable=True)
        if is_folder:
            return Conflict(path, f"a folder, where a {entry.kind} belongs", replaceable=False)
        if entry.kind == "link":
            alike = stat.S_ISLNK(found.st_mode) and self._leads_alike(entry, path)
        else:
            alike = stat.S_ISREG(found.st_mode) and self._reads_alike(entry, path, found)
        what = "there with other content" if stat.S_ISREG(found.st_mode) else _kind(found)
        return _Same() if alike else Conflict(path, what, replaceable=True)

    def _leads_alike(self, entry: Entry, path: str) -> bool:
        return os.readlink(os.path.join(self._target, path)) == self._link_of(entry)

    def _reads_alike(self, entry: Entry, path: str, found: os.stat_result) -> bool:
        # what is still being written has no digest to compare with
        if found.st_size != entry.bytes or not entry.digest:
            return False
        return f"blake3:{self._digest(os.path.join(self._target, path))}" == entry.digest

    def _digest(self, path: str) -> str:
        from blake3 import blake3

        hasher = blake3()
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
        try:
            while chunk := os.read(file, _CHUNK):
                hasher.update(chunk)
                self._bytes += len(chunk)
                self._progress(self._files, self._bytes)
        finally:
            os.close(file)
        self._files += 1
        return hasher.hexdigest()


def _lstat(path: str) -> os.stat_result | None:
    try:
        return os.lstat(path)
    except FileNotFoundError:
        return None


def _kind(found: os.stat_result) -> str:
    """What is there, for people."""
    kinds = {stat.S_IFLNK: "a link", stat.S_IFREG: "a file", stat.S_IFDIR: "a folder"}
    return kinds.get(stat.S_IFMT(found.st_mode), "no file")
