"""Folders as descriptors: a way is gone name by name, and no link on it is followed.

A process of a job that outlived it could otherwise put a link into the place of a folder between a
look and a move, and have files of others read, moved or written.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

READING = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
"""How a file is opened that may have become a link or a pipe."""
CREATING = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
"""How a file is made where nothing may be."""
OF_THE_FILE = frozenset({errno.EACCES, errno.EPERM, errno.EIO, errno.ESTALE, errno.ELOOP})
"""Errors of which one file is the cause, not the disk that is written to."""
_LISTING = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# what may not be read can be passed through, and looked at, all the same (open(2)); elsewhere than
# on Linux it cannot
_LOOKING = getattr(os, "O_PATH", os.O_RDONLY) | os.O_NOFOLLOW | os.O_CLOEXEC
_PASSING = _LOOKING | os.O_DIRECTORY
# open(2) answers one of these when there is a link or a file
_NO_FOLDER = frozenset({errno.ENOTDIR, errno.ELOOP})
_ELSEWHERE = "its path leads elsewhere"
# a process may have a thousand files open, and folders can lie deeper than that
_HELD = 64


class OnTheWayError(OSError):
    """Something other than a folder is on the way."""


class Folders:
    """``with Folders(root) as folders:`` opens folders below ``root``, one after the other.

    Links above and at ``root`` itself are followed. Paths are relative to it, without ``.`` and
    ``..``; see :func:`split`. The way to the last one stays open, so that its neighbours are near.

    They need not be such that may be read: what is in one cannot be listed through its descriptor,
    and of the folder itself nothing can be changed but what :func:`set_mode` does.

    Raises:
        OSError: ``root`` cannot be opened.
    """

    _flags = _PASSING
    _links_at_root = True

    def __init__(self, root: Path | str) -> None:
        flags = self._flags & ~os.O_NOFOLLOW if self._links_at_root else self._flags
        self._way: list[tuple[int, int]] = [(0, os.open(root, flags))]
        self._names: list[str] = []
        self._path: str | None = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let go of all of them."""
        while self._way:
            os.close(self._way.pop()[1])

    def at(self, path: str) -> int:
        """The descriptor of a folder, which is open until the next one is asked for.

        Raises:
            OnTheWayError: there is a link or a file on the way.
            OSError: it is not there, or cannot be opened.
        """
        if path != self._path:
            wanted = split(path)
            self._path = None
            self._go_back(wanted)
            for at in range(len(self._names), len(wanted)):
                self._go_on(wanted[: at + 1])
            self._path = path
        return self._way[-1][1]

    def _go_back(self, wanted: list[str]) -> None:
        """To the last folder that is held open on the way to this one as well."""
        common = 0
        for one, other in zip(wanted, self._names, strict=False):
            if one != other:
                break
            common += 1
        while self._way[-1][0] > common:
            os.close(self._way.pop()[1])
        del self._names[self._way[-1][0] :]

    def _go_on(self, parts: list[str]) -> None:
        """To the last of these parts, which lies in the folder that was reached."""
        depth, above = self._way[-1]
        entered = self._enter(above, parts)
        if len(self._way) > _HELD:
            os.close(self._way.pop()[1])
        self._way.append((depth + 1, entered))
        self._names.append(parts[-1])

    def _enter(self, folder: int, parts: list[str]) -> int:
        return _further(folder, parts[-1], self._flags)


class OwnFolders(Folders):
    """The same for folders of wf, whose descriptors can be listed.

    The root is no link, and what a job has locked is unlocked.
    """

    _flags = _LISTING
    _links_at_root = False

    def _enter(self, folder: int, parts: list[str]) -> int:
        try:
            return super()._enter(folder, parts)
        except PermissionError:
            _unlock_below(folder, parts[-1])
            return super()._enter(folder, parts)


class NewFolders(Folders):
    """The same, and folders are made where there are none.

    With ``careful`` a file or a link that is on the way is left alone, and is an error; else it is
    removed.
    """

    def __init__(self, root: Path | str, *, careful: bool) -> None:
        super().__init__(root)
        self._careful = careful
        self._made: list[str] = []

    def take_made(self) -> list[str]:
        """Those made since this was asked last, each after the one that it lies in."""
        made, self._made = self._made, []
        return made

    def _enter(self, folder: int, parts: list[str]) -> int:
        with suppress(FileExistsError):
            self._make(folder, parts)
        try:
            return super()._enter(folder, parts)
        except OnTheWayError:
            if self._careful:
                raise
        os.unlink(parts[-1], dir_fd=folder)
        self._make(folder, parts)
        return super()._enter(folder, parts)

    def _make(self, folder: int, parts: list[str]) -> None:
        os.mkdir(parts[-1], dir_fd=folder)
        self._made.append("/".join(parts))


@contextmanager
def opened(top: str | os.PathLike[str]) -> Iterator[int]:
    """A folder from which ways begin; of this one itself links are followed.

    Raises:
        OSError: it is not there, or may not be passed through.
    """
    descriptor = os.open(top, _PASSING & ~os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def entered(
    top: int, names: Sequence[str], *, make: bool = False, unlock: bool = False
) -> Iterator[int]:
    """The folder at the end of a way; with ``make`` folders that are missing are made.

    It need not be one that may be read. With ``unlock`` those that their owner has locked against
    himself are opened to him.

    Raises:
        OnTheWayError: there is a link or a file on the way.
        OSError: it is not there, or may not be passed through.
    """
    at = os.dup(top)
    try:
        for name in names:
            if make and look(at, name) is None:
                os.mkdir(name, dir_fd=at)
            further = _further(at, name, _PASSING)
            os.close(at)
            at = further
            if unlock:
                _unlock(at)
        yield at
    finally:
        os.close(at)


def look(folder: int, name: str) -> os.stat_result | None:
    """What is there by that name, a link as a link; ``None`` for nothing."""
    try:
        return os.stat(name, dir_fd=folder, follow_symlinks=False)
    except OSError as error:
        if error.errno in {errno.ENOENT, errno.ENOTDIR, errno.ENAMETOOLONG}:
            return None
        raise


def names_in(folder: int) -> list[str]:
    """The names in a folder, sorted.

    Raises:
        OSError: it may not be read.
    """
    reading = os.open(".", _LISTING, dir_fd=folder)
    try:
        return sorted(os.listdir(reading))
    finally:
        os.close(reading)


def set_mode(descriptor: int, mode: int) -> None:
    """Set the permissions of an open folder.

    Raises:
        OSError: it is somebody else's.
    """
    if hasattr(os, "O_PATH"):
        # a descriptor that is only passed through takes no fchmod(2); its name in /proc is no link
        # that anyone could swap
        os.chmod(f"/proc/self/fd/{descriptor}", mode)
    else:
        os.fchmod(descriptor, mode)


def open_file(name: str, folder: int) -> tuple[int, os.stat_result]:
    """Open a file for reading, never waiting and never through a link; also what it was before.

    Raises:
        OSError: it is not there, or a link, or cannot be read even by its owner.
    """
    try:
        descriptor = os.open(name, READING, dir_fd=folder)
    except PermissionError:
        before = os.stat(name, dir_fd=folder, follow_symlinks=False)
        _unlock_below(folder, name)
        return os.open(name, READING, dir_fd=folder), before
    return descriptor, os.fstat(descriptor)


def open_kept(root: Path, path: str) -> int:
    """A descriptor for reading the regular file at ``path`` below ``root``.

    Raises:
        OSError: there is no such file, or something on the way is no folder; ``filename`` is the
            whole path.
    """
    whole = os.path.join(root, path)
    above, name = parent(path)
    try:
        with Folders(root) as folders:
            found = os.open(name, READING, dir_fd=folders.at(above))
    except OSError as error:
        raise OSError(error.errno, error.strerror, whole) from error
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "it is no regular file any more", whole)
    return found


def split(path: str) -> list[str]:
    """The parts of a path below a root; of the root itself there are none.

    Raises:
        OSError: it leads elsewhere.
    """
    parts = path.split("/") if path else []
    if any(part in {"", ".", ".."} or "\0" in part for part in parts):
        raise OSError(errno.EINVAL, _ELSEWHERE, path)
    return parts


def parent(path: str) -> tuple[str, str]:
    """The folder of a path, and its name there.

    Raises:
        OSError: it leads elsewhere.
    """
    parts = split(path)
    if not parts:
        raise OSError(errno.EINVAL, _ELSEWHERE, path)
    return "/".join(parts[:-1]), parts[-1]


def _further(folder: int, name: str, flags: int) -> int:
    """The folder of that name in another one."""
    try:
        return os.open(name, flags, dir_fd=folder)
    except OSError as error:
        if error.errno in _NO_FOLDER:
            raise OnTheWayError(error.errno, os.strerror(error.errno), name) from error
        raise


def _unlock(descriptor: int) -> None:
    """Allow its owner what a folder or a file is there for, if he has locked it against himself."""
    mode = os.fstat(descriptor).st_mode
    wanted = stat.S_IRWXU if stat.S_ISDIR(mode) else stat.S_IRUSR if stat.S_ISREG(mode) else 0
    if mode & wanted != wanted:
        with suppress(OSError):  # it is somebody else's
            set_mode(descriptor, stat.S_IMODE(mode) | wanted)


def _unlock_below(folder: int, name: str) -> None:
    found = os.open(name, _LOOKING, dir_fd=folder)
    try:
        _unlock(found)
    finally:
        os.close(found)
