"""Folders below one another, opened so that no link on the way is followed."""

from __future__ import annotations

import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
# a process may have a thousand files open, and folders can lie deeper than that
_HELD = 64


class Descent:
    """Opens folders below ``root`` by their paths, one after the other.

    The way to the last one stays open, so that its neighbours are near.

    Raises:
        OSError: ``root`` cannot be opened.
    """

    def __init__(self, root: Path | str) -> None:
        self._way: list[tuple[int, int]] = [(0, os.open(root, _FOLDER))]
        self._names: list[str] = []
        self._last = ""

    def close(self) -> None:
        """Let go of all of them."""
        while self._way:
            os.close(self._way.pop()[1])

    def at(self, path: str) -> int:
        """The descriptor of a folder, which is open until the next one is asked for.

        Raises:
            OSError: it is not there, or a link, or cannot be read even by its owner.
        """
        if path == self._last:
            return self._way[-1][1]
        wanted = path.split("/") if path else []
        common = 0
        for one, other in zip(wanted, self._names, strict=False):
            if one != other:
                break
            common += 1
        while self._way[-1][0] > common:
            os.close(self._way.pop()[1])
        depth = self._way[-1][0]
        self._last, self._names = "/".join(wanted[:depth]), wanted[:depth]
        for name in wanted[depth:]:
            self._enter(name)
        self._last = path
        return self._way[-1][1]

    def _enter(self, name: str) -> None:
        depth, above = self._way[-1]
        entered = _allowed(name, _FOLDER, above)
        if len(self._way) > _HELD:
            os.close(self._way.pop()[1])
        self._way.append((depth + 1, entered))
        self._names.append(name)
        self._last = ""


def open_file(name: str, folder: int) -> tuple[int, os.stat_result]:
    """Open a file for reading, never waiting and never through a link; also what it was before.

    Raises:
        OSError: it is not there, or a link, or cannot be read even by its owner.
    """
    try:
        descriptor = os.open(name, _FILE, dir_fd=folder)
    except PermissionError:
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return _allowed(name, _FILE, folder), before
    return descriptor, os.fstat(descriptor)


def _allowed(name: str, flags: int, folder: int) -> int:
    """Open what may have been locked by its owner against itself."""
    try:
        return os.open(name, flags, dir_fd=folder)
    except PermissionError:
        _unlock(name, folder)
        return os.open(name, flags, dir_fd=folder)


def _unlock(name: str, folder: int) -> None:
    if not hasattr(os, "O_PATH"):  # no Linux
        return
    found = os.open(name, os.O_PATH | os.O_NOFOLLOW | os.O_CLOEXEC, dir_fd=folder)
    try:
        mode = os.fstat(found).st_mode
        if stat.S_ISDIR(mode) or stat.S_ISREG(mode):
            wanted = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR
            # chmod(2) would follow a link that has come in between
            with suppress(OSError):
                os.chmod(f"/proc/self/fd/{found}", stat.S_IMODE(mode) | wanted)
    finally:
        os.close(found)
