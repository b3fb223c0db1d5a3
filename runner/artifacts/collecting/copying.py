"""Copying what cannot be moved: it is the user's own, or lies on another file system.

Links are copied as links, and modes and times are kept. Pipes, sockets and devices are left out.
What cannot be read is told, and all else is copied.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.artifacts.folders import (
    CREATING,
    OF_THE_FILE,
    READING,
    OnTheWayError,
    entered,
    look,
    names_in,
    set_mode,
)
from runner.content import pour
from runner.failpoints import reach

if TYPE_CHECKING:
    from collections.abc import Callable


class Copier:
    """Copies trees. ``tell`` is told files and bytes so far.

    ``unread`` are things that could not be read, with the reason, ``gone`` those that vanished
    meanwhile, ``changed`` those that were written to meanwhile, so that the copy may be of no one
    moment, and ``skipped`` those that are no files; all by the names they are ``shown`` with.
    """

    def __init__(self, tell: Callable[[int, int], None]) -> None:
        self._tell = tell
        self._files = self._bytes = 0
        self.unread: list[tuple[str, OSError]] = []
        self.gone: list[str] = []
        self.changed: list[str] = []
        self.skipped: list[str] = []

    def copy(self, source: int, target: int, name: str, shown: str) -> None:
        """Copy what is called ``name`` in the folder ``source`` to ``target``.

        Raises:
            OSError: the copy cannot be written.
        """
        folders: list[tuple[tuple[str, ...], os.stat_result]] = []
        left: list[tuple[str, ...]] = [(name,)]
        while left:
            way = left.pop()
            called = "/".join((shown, *way[1:]))
            try:
                below = self._one(source, target, way, called, folders)
            except (FileNotFoundError, OnTheWayError):
                self.gone.append(called)
            except OSError as error:
                if error.errno not in OF_THE_FILE:
                    error.filename = error.filename or called
                    raise
                self.unread.append((called, error))
            else:
                left += [(*way, one) for one in reversed(below)]
        for way, found in reversed(folders):  # one that may not be written is filled first
            with entered(target, way) as folder:
                set_mode(folder, stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IRWXU)
                _set_times(target, way, found)

    def _one(
        self,
        source: int,
        target: int,
        way: tuple[str, ...],
        called: str,
        folders: list[tuple[tuple[str, ...], os.stat_result]],
    ) -> list[str]:
        """Copy one thing; the names of what a folder holds."""
        *parents, name = way
        with entered(source, parents) as here, entered(target, parents) as there:
            found = look(here, name)
            if found is None:
                raise FileNotFoundError(errno.ENOENT, "it is not there any more", name)
            if stat.S_ISDIR(found.st_mode):
                with entered(here, (name,)) as folder:
                    os.mkdir(name, 0o700, dir_fd=there)
                    folders.append((way, found))
                    return names_in(folder)
            if stat.S_ISLNK(found.st_mode):
                os.symlink(os.readlink(name, dir_fd=here), name, dir_fd=there)
            elif not stat.S_ISREG(found.st_mode) or not self._file(here, there, name, called):
                self.skipped.append(called)
                return []
        self._files += 1
        self._tell(self._files, self._bytes)
        return []

    def _file(self, here: int, there: int, name: str, called: str) -> bool:
        """Copy a file; whether it still was one."""
        reading = os.open(name, READING, dir_fd=here)
        try:
            found = os.fstat(reading)
            if not stat.S_ISREG(found.st_mode):
                return False
            writing = os.open(name, CREATING, 0o600, dir_fd=there)
            try:
                reach("opened")
                self._bytes += pour(reading, writing)
                after = os.fstat(reading)
                if (after.st_size, after.st_mtime_ns) != (found.st_size, found.st_mtime_ns):
                    self.changed.append(called)
                os.fchmod(writing, stat.S_IMODE(found.st_mode) & 0o777)
                os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
            except OSError:
                # half of it would be taken for all of it
                with suppress(OSError):
                    os.unlink(name, dir_fd=there)
                raise
            finally:
                os.close(writing)
        finally:
            os.close(reading)
        return True


def _set_times(target: int, way: tuple[str, ...], found: os.stat_result) -> None:
    with entered(target, way[:-1]) as parent:
        times = (found.st_atime_ns, found.st_mtime_ns)
        os.utime(way[-1], ns=times, dir_fd=parent, follow_symlinks=False)
