"""What stands at the places where kept files are to go, before anything is written."""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, Literal

from runner.artifacts.giving.folders import NO_FOLDER, Folders, parent
from runner.artifacts.manifest import stored

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from runner.artifacts.manifest import Entry

Standing = Literal["free", "same", "taken"]
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_BUFFER = 1 << 20


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
    with Folders(target) as places:
        for entry in entries:
            try:
                found = _look(places, entry, at(entry.path))
            except OSError as error:
                raise OSError(error.errno, error.strerror, entry.path) from error
            files, size = files + 1, size + (entry.bytes if found == "same" else 0)
            progress(files, size)
            yield entry, found


def _look(places: Folders, entry: Entry, path: str) -> Standing:
    above, name = parent(path)
    try:
        folder = places.open(above)
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
    except FileNotFoundError:
        return "free"
    except OSError as error:
        if error.errno in NO_FOLDER:
            return "taken"
        raise
    return "same" if _same(entry, folder, name, found) else "taken"


def _same(entry: Entry, folder: int, name: str, found: os.stat_result) -> bool:
    if entry.kind == "directory":
        return stat.S_ISDIR(found.st_mode)
    if entry.kind == "link":
        is_link = stat.S_ISLNK(found.st_mode)
        return is_link and _text_digest(os.readlink(name, dir_fd=folder)) == entry.digest
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.bytes:
        return False
    descriptor = os.open(name, _READ, dir_fd=folder)
    try:
        return _digest(descriptor) == entry.digest
    finally:
        os.close(descriptor)


def _text_digest(text: str) -> str:
    from blake3 import blake3

    return f"blake3:{blake3(os.fsencode(text)).hexdigest()}"


def _digest(descriptor: int) -> str:
    from blake3 import blake3

    hasher = blake3()
    while chunk := os.read(descriptor, _BUFFER):
        hasher.update(chunk)
    return f"blake3:{hasher.hexdigest()}"
