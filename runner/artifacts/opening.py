"""Opening a kept file: whatever has become of its folder, no link is followed on the way."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


def open_kept(root: Path, path: str) -> int:
    """A descriptor for reading the regular file at ``path`` below ``root``.

    Raises:
        OSError: there is no such file, or something on the way is no folder.
    """
    *folders, name = path.split("/")
    at = os.open(root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        for folder in folders:
            below = os.open(folder, _FOLDER, dir_fd=at)
            os.close(at)
            at = below
        found = os.open(name, _FILE, dir_fd=at)
    except OSError as error:
        raise OSError(error.errno, error.strerror, os.path.join(root, path)) from error
    finally:
        os.close(at)
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "it is no regular file any more", os.path.join(root, path))
    return found
