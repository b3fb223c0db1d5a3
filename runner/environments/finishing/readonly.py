"""Folders that no job can change by mistake, which many share.

Only folders: the files in them may be links to those in the installer's own cache, and share
their permissions. New files cannot come, old ones cannot go or be replaced.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_WRITE = stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH


def protect(root: Path) -> None:
    """Take the right to write from every folder below ``root``, and from itself last.

    Raises:
        OSError: one of them is not ours.
    """
    for folder, _, _ in os.walk(root, topdown=False):
        mode = stat.S_IMODE(os.lstat(folder).st_mode)
        if mode & _WRITE:
            os.chmod(folder, mode & ~_WRITE)


def is_protected(root: Path) -> bool:
    """Whether all of it was protected, and nobody has taken that back since."""
    return not os.lstat(root).st_mode & _WRITE
