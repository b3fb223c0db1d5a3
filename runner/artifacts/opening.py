"""Opening a kept file: whatever has become of its folder, no link is followed on the way."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

from runner.artifacts.giving.folders import Folders, parent

if TYPE_CHECKING:
    from pathlib import Path

_FILE = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC


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
            found = os.open(name, _FILE, dir_fd=folders.open(above))
    except OSError as error:
        raise OSError(error.errno, error.strerror, whole) from error
    if not stat.S_ISREG(os.fstat(found).st_mode):
        os.close(found)
        raise OSError(errno.EINVAL, "it is no regular file any more", whole)
    return found
