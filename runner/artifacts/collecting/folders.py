"""Folders as descriptors: a way is gone name by name, and no link on it is followed.

A process of the job that outlived it could otherwise put a link into the place of a folder between
a look and a move, and have files of others moved or written.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

# a folder that may not be read can be passed through all the same (open(2)); elsewhere than on
# Linux it cannot
_PASS = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_READ = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
# open(2) answers one of these when there is a link
_LINK = frozenset({errno.ELOOP, errno.ENOTDIR})


class OnTheWayError(OSError):
    """Something other than a folder is on the way."""


@contextmanager
def opened(top: str | os.PathLike[str]) -> Iterator[int]:
    """A folder from which ways begin; of this one itself links are followed.

    Raises:
        OSError: it is not there, or may not be passed through.
    """
    descriptor = os.open(top, _PASS & ~os.O_NOFOLLOW)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


@contextmanager
def entered(
    top: int, names: Sequence[str], *, make: bool = False, unlock: bool = False
) -> Iterator[int]:
    """The folder at the end of a way; with ``make`` folders that are missing are made.

    With ``unlock`` those that their owner has locked against himself are opened to him.

    Raises:
        OnTheWayError: there is a link or a file on the way.
        OSError: it is not there, or may not be passed through.
    """
    at = os.dup(top)
    try:
        for name in names:
            further = _further(at, name, make=make)
            os.close(at)
            at = further
            if unlock:
                _open_to_owner(at)
        yield at
    finally:
        os.close(at)


def _further(at: int, name: str, *, make: bool) -> int:
    if make and look(at, name) is None:
        os.mkdir(name, dir_fd=at)
    try:
        return os.open(name, _PASS, dir_fd=at)
    except OSError as error:
        if error.errno in _LINK:
            raise OnTheWayError(error.errno, "a link or a file is on the way", name) from error
        raise


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
    reading = os.open(".", _READ, dir_fd=folder)
    try:
        return sorted(os.listdir(reading))
    finally:
        os.close(reading)


def set_mode(folder: int, mode: int) -> None:
    """Set the permissions of an open folder.

    Raises:
        OSError: it is somebody else's.
    """
    if hasattr(os, "O_PATH"):
        # a descriptor that is only passed through takes no fchmod(2); its name in /proc is no link
        # that anyone could swap
        os.chmod(f"/proc/self/fd/{folder}", mode)
    else:
        os.fchmod(folder, mode)


def _open_to_owner(folder: int) -> None:
    mode = os.fstat(folder).st_mode
    if mode & stat.S_IRWXU != stat.S_IRWXU:
        with suppress(OSError):  # it is somebody else's
            set_mode(folder, stat.S_IMODE(mode) | stat.S_IRWXU)
