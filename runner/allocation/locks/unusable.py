"""Why the lock folder cannot be used: what is wrong, whose it is, and what to do."""

from __future__ import annotations

import errno
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.allocation.locks.who import user
from runner.errors import STORAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

WRITABLE = "every user of this machine must be able to write there (mode 1777)"
_HINTS = {
    errno.ENOSPC: "free some space on its file system",
    errno.EDQUOT: "your quota on its file system is used up",
    errno.EROFS: "WF_LOCKS can name another folder, the same for everybody on this machine",
}
# what open(2) answers when a name stands for something else than a file that may be used
_PLANTED = (errno.ELOOP, errno.EISDIR, errno.ENXIO, errno.EACCES, errno.EPERM, errno.EEXIST)
_KINDS = (
    (stat.S_ISLNK, "is a link"),
    (stat.S_ISDIR, "is a folder"),
    (stat.S_ISFIFO, "is a named pipe"),
    (stat.S_ISSOCK, "is a socket"),
)


def unusable(why: str, hint: str = WRITABLE) -> WfError:
    """The error for a folder that cannot serve."""
    return WfError(STORAGE, f"the lock folder cannot be used: {why}", hint=hint)


@contextmanager
def explained(path: Path) -> Iterator[None]:
    """Tell what is wrong with ``path`` if what is done with it fails.

    Raises:
        WfError: kind ``STORAGE``, instead of an ``OSError``.
    """
    try:
        yield
    except OSError as error:
        if error.errno in _PLANTED and (found := planted(path)) is not None:
            raise found from error
        why = f"{error.strerror}: {path}"
        raise unusable(why, _HINTS.get(error.errno or 0, WRITABLE)) from error


def planted(path: Path) -> WfError | None:
    """What stands in the place of a file that everybody uses, and who put it there."""
    try:
        found = os.lstat(path)
    except OSError:
        return None
    kinds = [text for is_one, text in _KINDS if is_one(found.st_mode)]
    if not kinds and not stat.S_ISREG(found.st_mode):
        kinds = ["is a device"]
    if not kinds and found.st_nlink != 1:
        kinds = ["has several names"]
    owner = user(found.st_uid)
    why = f"{path}, which belongs to {owner}, {kinds[0] if kinds else 'may not be written to'}"
    return unusable(why, f"{owner} or an administrator removes it")
