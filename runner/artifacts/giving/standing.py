"""What stands at the places where kept files are to go, before anything is written."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal

from runner.artifacts.entries import PREFIX, stored
from runner.artifacts.folders import READING, Folders, OnTheWayError, parent
from runner.artifacts.store.hashing import Hasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from runner.artifacts.entries import Entry

Standing = Literal["free", "same", "taken"]


def standing(
    entries: Iterable[Entry],
    target: Path,
    progress: Callable[[int, int], None],
    *,
    at: Callable[[str], str] = stored,
) -> Iterator[tuple[Entry, Standing]]:
    """Whether nothing is at an entry's place, or the same as was kept, or something else.

    Modes and times do not count. A place that cannot be reached without following a link, or
    through a file, is taken. ``progress`` is told files and bytes that were looked at.

    Raises:
        OSError: what is there cannot be read; ``filename`` is the path.
    """
    files = size = 0
    hasher = Hasher()
    with Folders(target) as places:
        for entry in entries:
            try:
                found = _look(places, entry, at(entry.path), hasher)
            except OSError as error:
                raise OSError(error.errno, error.strerror, entry.path) from error
            files, size = files + 1, size + (entry.bytes if found == "same" else 0)
            progress(files, size)
            yield entry, found


def _look(places: Folders, entry: Entry, path: str, hasher: Hasher) -> Standing:
    above, name = parent(path)
    try:
        folder = places.at(above)
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return "free"
    except OnTheWayError:
        return "taken"
    return "same" if _same(entry, folder, name, found, hasher) else "taken"


def _same(entry: Entry, folder: int, name: str, found: os.stat_result, hasher: Hasher) -> bool:
    if entry.kind == "directory":
        return stat.S_ISDIR(found.st_mode)
    if entry.kind == "link":
        if not stat.S_ISLNK(found.st_mode):
            return False
        target = os.fsencode(os.readlink(name, dir_fd=folder))
        return PREFIX + hasher.text(target) == entry.digest
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.bytes:
        return False
    descriptor = os.open(name, READING, dir_fd=folder)
    try:
        return PREFIX + hasher.read(descriptor, os.fstat(descriptor))[1] == entry.digest
    finally:
        os.close(descriptor)
