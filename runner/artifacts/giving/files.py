"""Files at their place below a folder: written there, or beside it until they are whole."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.artifacts.entries import PREFIX
from runner.artifacts.folders import CREATING, READING, look

if TYPE_CHECKING:
    from runner.artifacts.entries import Entry


class NotKeptError(FileNotFoundError):
    """What was kept is not there any more, or something else is."""

    def __init__(self, path: str) -> None:
        super().__init__(errno.ENOENT, "what was kept is not there any more", path)


def open_stored(folder: int, name: str, entry: Entry) -> int:
    """Open the file that an entry stands for, in the folder where it is kept.

    Raises:
        NotKeptError: it is not there any more, or another one than was kept.
        OSError: it cannot be read.
    """
    try:
        reading = os.open(name, READING, dir_fd=folder)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ELOOP}:
            raise NotKeptError(entry.path) from error
        raise
    found = os.fstat(reading)
    if not stat.S_ISREG(found.st_mode) or found.st_size != entry.bytes:
        os.close(reading)
        raise NotKeptError(entry.path)
    return reading


def permissions(entry: Entry, found: os.stat_result) -> int:
    """The mode that a file is given out with; its owner may write to one of an older version."""
    if entry.mode is None:
        return stat.S_IMODE(found.st_mode) & 0o777 | stat.S_IRUSR | stat.S_IWUSR
    return entry.mode & 0o777


def modified(entry: Entry, found: os.stat_result) -> tuple[int, int]:
    """The times (access, change; ns) that something is given out with."""
    at = found.st_mtime_ns if entry.modified is None else entry.modified
    return at, at


class NewFile:
    """A file that is being written, and will be ``name`` in ``folder``.

    With ``careful`` it appears there when it is whole, in one step. Else it is written at its
    place, where nothing may be.
    """

    def __init__(self, folder: int, name: str, *, careful: bool) -> None:
        self._folder = os.dup(folder) if careful else None
        self._name = name
        self._staged: str | None = None
        try:
            self.descriptor = self._open(folder)
        except OSError:
            if self._folder is not None:
                os.close(self._folder)
            raise

    def _open(self, folder: int) -> int:
        if self._folder is None:
            return os.open(self._name, CREATING, 0o600, dir_fd=folder)
        if hasattr(os, "O_TMPFILE"):
            # has no name until it is linked: nothing is left of it, whatever happens
            with suppress(OSError):
                flags = os.O_TMPFILE | os.O_WRONLY | os.O_CLOEXEC
                return os.open(".", flags, 0o600, dir_fd=self._folder)
        self._staged = beside()
        return os.open(self._staged, CREATING, 0o600, dir_fd=self._folder)

    def publish(self, mode: int, times: tuple[int, int]) -> None:
        """It is whole: give it its mode, its times (ns) and its name."""
        os.fchmod(self.descriptor, mode)
        os.utime(self.descriptor, ns=times)
        if self._folder is None:
            return
        if self._staged is None:
            source = f"/proc/self/fd/{self.descriptor}"
            # in one step, where nothing is to be replaced: whoever is killed leaves nothing
            with suppress(FileExistsError):
                os.link(source, self._name, dst_dir_fd=self._folder)
                return
            self._staged = beside()
            os.link(source, self._staged, dst_dir_fd=self._folder)
        os.replace(self._staged, self._name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
        self._staged = None

    def close(self) -> None:
        """Let go of it; nothing stays of one that was not published carefully."""
        os.close(self.descriptor)
        if self._folder is not None:
            if self._staged is not None:
                with suppress(OSError):
                    os.unlink(self._staged, dir_fd=self._folder)
            os.close(self._folder)


def require(digest: str, entry: Entry) -> None:
    """See that a digest, in hex, is that of what was kept.

    Raises:
        NotKeptError: it is not.
    """
    if PREFIX + digest != entry.digest:
        raise NotKeptError(entry.path)


def read_link(folder: int, name: str, entry: Entry) -> tuple[str, os.stat_result]:
    """Where the link leads that an entry stands for, in the folder where it is kept.

    Raises:
        NotKeptError: it is not there any more, or no link.
    """
    try:
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        return os.readlink(name, dir_fd=folder), found
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.EINVAL}:
            raise NotKeptError(entry.path) from error
        raise


def put_link(text: str, found: os.stat_result, target: int, name: str, entry: Entry) -> None:
    """Make a link to ``text``; a file or link that is there is replaced.

    Raises:
        IsADirectoryError: a folder is there.
        OSError: it cannot be made.
    """
    staged = beside()
    os.symlink(text, staged, dir_fd=target)
    try:
        times = modified(entry, found)
        os.utime(staged, ns=times, dir_fd=target, follow_symlinks=False)
        os.replace(staged, name, src_dir_fd=target, dst_dir_fd=target)
    except OSError:
        os.unlink(staged, dir_fd=target)
        raise


def free(folder: int, name: str) -> bool:
    """Remove a file or link of that name; ``False`` if it is a folder."""
    found = look(folder, name)
    if found is None:
        return True
    if stat.S_ISDIR(found.st_mode):
        return False
    os.unlink(name, dir_fd=folder)
    return True


def beside() -> str:
    """A name that nothing has; it says what left it there, should that have been killed."""
    return f".wf-{os.urandom(8).hex()}.part"
