"""Disks as folders lie on them: which are full, and what to do when nothing can be written."""

from __future__ import annotations

import errno
import os
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import STORAGE, WfError
from runner.native import call
from runner.units import amount

if TYPE_CHECKING:
    from collections.abc import Iterable

# a disk with less is full: who needs another block gets none soon
_LITTLE = 1 << 20
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ELSEWHERE = "set WF_HOME to a folder that can be written"
_LOOK = "look for free space (df -h), or set WF_HOME to another folder"
_HINTS = MappingProxyType(
    {
        errno.EROFS: _ELSEWHERE,
        errno.EACCES: _ELSEWHERE,
        errno.EPERM: _ELSEWHERE,
        errno.ENOENT: "was the folder moved or removed meanwhile? Put it back: "
        "wf goes on from what is in it",
        errno.EMFILE: "allow more open files: ulimit -n 1024",
        errno.EFBIG: "allow larger files: ulimit -f unlimited",
    }
)


class Full(NamedTuple):
    """A disk that is full: where it is mounted, and how much of what is left."""

    mount: str
    left: str

    @property
    def said(self) -> str:
        """The same in words."""
        return f"the disk mounted at {self.mount} is full ({self.left})"

    @property
    def hint(self) -> str:
        """What to type next."""
        return f"make room: du -xh -d1 {self.mount} | sort -h"


def full(folders: Iterable[str]) -> Full | None:
    """The first disk of these folders that is full."""
    for one in folders:
        try:
            known = os.statvfs(one)
        except OSError:
            continue
        free, size = known.f_bavail * known.f_frsize, known.f_blocks * known.f_frsize
        if size and free < _LITTLE:
            return Full(_mount(one), f"{amount(free)} of {amount(size)} left")
        if known.f_files and not known.f_favail:
            return Full(_mount(one), "no file more can be made on it")
    return None


def flush(folder: str | os.PathLike[str]) -> None:
    """Bring to the disk what has been written to the file system of a folder, whoever wrote it.

    Other disks are left in peace where that can be (Linux: syncfs(2)).
    """
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        os.sync()
        return
    try:
        if call("syncfs", descriptor) != 0:
            os.sync()
    finally:
        os.close(descriptor)


def unwritable(
    what: str,
    error: OSError,
    folder: str | os.PathLike[str],
    hint: str | None = None,
    then: str | None = None,
) -> WfError:
    """The error for something below ``folder`` that could not be written.

    ``what`` is the sentence so far: its reason follows, and the disk where that is full. Unless it
    is, ``hint`` is what to do; without one the reason tells. In any case ``then`` is what to type
    afterwards.
    """
    afterwards = f"; then: {then}" if then else ""
    message = f"{what}: {error.strerror}"
    if error.errno in _FULL:
        found = full((os.fspath(folder),))
        if found is not None:
            return WfError(STORAGE, f"{message}; {found.said}", hint=found.hint + afterwards)
    advice = hint or _HINTS.get(error.errno or 0, _LOOK)
    return WfError(STORAGE, message, hint=advice + afterwards)


def named(error: OSError) -> OSError:
    """The same, with the file at fault behind its reason."""
    if error.filename is None:
        return error
    return OSError(error.errno, f"{error.strerror}: {os.fspath(error.filename)}")


def _mount(path: str) -> str:
    """Where the disk that holds a folder is mounted."""
    found = os.path.realpath(path)
    while not os.path.ismount(found):
        found = os.path.dirname(found)
    return found
