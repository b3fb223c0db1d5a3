"""Artifacts of former runs as inputs: copied to the same paths, below another working directory.

Every file is one of its own (a reflink where the file system can), so that a job cannot alter what
another one left behind. Links stay links; modes are kept. What the project has at such a path is
replaced, file by file.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from runner import tree
from runner.disks import named, unwritable
from runner.workspace.snapshot import copy_file

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from runner.artifacts.manifest import Entry


def place(
    source: Path,
    entries: Iterable[Entry],
    working_dir: Path,
    progress: Callable[[int, int], None],
) -> None:
    """Copy entries from ``source``, the folder of a run's artifacts.

    ``progress`` is told files and bytes so far.

    Raises:
        WfError: kind ``STORAGE`` when one cannot be read, or the copy cannot be written.
    """
    files = size = 0
    folders: dict[str, int] = {}
    try:
        for entry in entries:
            path = entry.path
            is_folder = entry.kind == "directory"
            _open_way(source, working_dir, path if is_folder else os.path.dirname(path), folders)
            if is_folder:
                continue
            copied = _put(source / path, working_dir / path)
            files, size = files + 1, size + copied
            progress(files, size)
        # a folder that may not be written is filled first
        for folder, mode in folders.items():
            os.chmod(working_dir / folder, mode | stat.S_IRWXU)
    except OSError as error:
        hint = "look for free space (df -h), or make it anew: wf run --fresh"
        what = "an input could not be copied"
        raise unwritable(what, named(error), working_dir, hint) from error


def _open_way(source: Path, working_dir: Path, folder: str, made: dict[str, int]) -> None:
    """Make the folders down to ``folder``; nothing is written through a link of the project's."""
    if not folder or folder in made:
        return
    _open_way(source, working_dir, os.path.dirname(folder), made)
    target = working_dir / folder
    if os.path.lexists(target) and (target.is_symlink() or not target.is_dir()):
        target.unlink()
    target.mkdir(exist_ok=True)
    made[folder] = stat.S_IMODE(os.lstat(source / folder).st_mode)


def _put(source: Path, target: Path) -> int:
    if os.path.lexists(target):
        if target.is_dir() and not target.is_symlink():
            tree.remove(target)
        else:
            target.unlink()
    copied = copy_file(str(source), str(target))
    if copied is None:
        raise FileNotFoundError(2, "it is not there any more", str(source))
    return copied
