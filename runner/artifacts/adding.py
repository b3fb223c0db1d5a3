"""Copying a person's own files among the artifacts of a run: nothing of theirs is moved or changed.

Of the path that was named itself links are followed, as data sets often lie behind one; those
inside stay links. Pipes, sockets and devices are left out.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.manifest import stored
from runner.disks import named, unwritable
from runner.workspace.snapshot import copy_file

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path


class Added(NamedTuple):
    """A file or folder of somebody's, and the path at which runs are to find it."""

    source: Path
    path: str


def copy(
    given: Sequence[Added], destination: Path, progress: Callable[[int, int], None]
) -> list[str]:
    """Copy all of them below ``destination``, with modes and times; the paths that are no files.

    ``progress`` is told files and bytes so far.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be read, or the copy cannot be written.
    """
    copier = _Copier(progress)
    try:
        for one in given:
            target = destination / stored(one.path)
            target.parent.mkdir(parents=True, exist_ok=True)
            copier.copy(os.path.realpath(one.source), str(target), one.path)
    except OSError as error:
        hint = "make it readable, or look for free space (df -h); what was copied is gone again"
        what = "the files could not be added"
        raise unwritable(what, named(error), destination, hint) from error
    return copier.skipped


class _Copier:
    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self._progress = progress
        self._files = self._bytes = 0
        self.skipped: list[str] = []

    def copy(self, source: str, target: str, path: str) -> None:
        """Copy a file or a folder with all that is in it; ``path`` is what it is called."""
        folders: list[tuple[str, int]] = []
        left = [(source, target, path)]
        while left:
            old, new, called = left.pop()
            mode = os.lstat(old).st_mode
            if not stat.S_ISDIR(mode):
                self._file(old, new, called)
                continue
            os.mkdir(new, 0o700)
            folders.append((new, stat.S_IMODE(mode) & 0o777 | stat.S_IRWXU))
            left += [
                (os.path.join(old, name), os.path.join(new, name), f"{called}/{name}")
                for name in sorted(os.listdir(old), reverse=True)
            ]
        for folder, mode in folders:
            os.chmod(folder, mode)

    def _file(self, source: str, target: str, called: str) -> None:
        copied = copy_file(source, target)
        if copied is None:
            self.skipped.append(called)
            return
        self._files += 1
        self._bytes += copied
        self._progress(self._files, self._bytes)
