"""Whole folders: removed, those included that a job has locked against itself, and measured.

Imports nothing of wf.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress


def remove(root: str | os.PathLike[str]) -> None:
    """Remove a folder and all below it, or what a job has put in its place; no link is followed.

    Caches of packages and of models are often read-only, and a folder that may not be written
    cannot be emptied, not even by its owner.

    Raises:
        OSError: something cannot be removed.
    """
    import shutil

    if not stat.S_ISDIR(os.lstat(root).st_mode):
        os.unlink(root)
        return
    try:
        shutil.rmtree(root)
    except PermissionError:
        _unlock(root)
        for folder, names, _ in os.walk(root):
            for name in names:
                _unlock(os.path.join(folder, name))
        shutil.rmtree(root)


def _unlock(folder: str | os.PathLike[str]) -> None:
    mode = os.lstat(folder).st_mode
    if stat.S_ISDIR(mode) and mode & stat.S_IRWXU != stat.S_IRWXU:
        os.chmod(folder, stat.S_IMODE(mode) | stat.S_IRWXU)


def measure(root: str | os.PathLike[str]) -> tuple[int, int]:
    """How many files and links lie below a folder, and their bytes; of what can be looked at."""
    files = size = 0
    left = [os.fspath(root)]
    while left:
        with suppress(OSError), os.scandir(left.pop()) as found:
            for entry in found:
                if entry.is_dir(follow_symlinks=False):
                    left.append(entry.path)
                else:
                    files += 1
                    size += entry.stat(follow_symlinks=False).st_size
    return files, size
