"""Copying a person's own files among the artifacts of a run: nothing of theirs is moved or changed.

Of the path that was named itself links are followed, as data sets often lie behind one; those
inside stay links. Pipes, sockets and devices are left out.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.collecting.copying import Copier
from runner.artifacts.entries import stored
from runner.artifacts.folders import entered, opened
from runner.disks import named, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_HINT = "make it readable, or look for free space (df -h); what was copied is gone again"


class Added(NamedTuple):
    """A file or folder of somebody's, and the path at which runs are to find it."""

    source: Path
    path: str


class Left(NamedTuple):
    """What was not copied as it was: paths that are no files, and those that vanished meanwhile.

    ``changed`` are files that were written to meanwhile.
    """

    skipped: tuple[str, ...] = ()
    gone: tuple[str, ...] = ()
    changed: tuple[str, ...] = ()


def copy(given: Sequence[Added], destination: Path, progress: Callable[[int, int], None]) -> Left:
    """Copy all of them below ``destination``, with modes and times.

    ``progress`` is told files and bytes so far.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be read, or the copy cannot be written.
    """
    copier = Copier(progress)
    try:
        destination.mkdir(mode=0o700, exist_ok=True)
        for one in given:
            _copy(copier, one, destination)
        for _, error in copier.unread:
            raise error
    except OSError as error:
        what = "the files could not be added"
        raise unwritable(what, named(error), destination, _HINT) from error
    return Left(tuple(copier.skipped), tuple(copier.gone), tuple(copier.changed))


def _copy(copier: Copier, one: Added, destination: Path) -> None:
    """Copy one of them beside, under the name that it has, and give it the one it is to have."""
    folder, name = os.path.split(os.path.realpath(one.source))
    *way, new = stored(one.path).split("/")
    aside = destination.with_name("copying")
    aside.mkdir(mode=0o700)
    with (
        opened(folder) as source,
        opened(aside) as copied,
        opened(destination) as top,
        entered(top, way, make=True) as target,
    ):
        copier.copy(source, copied, name, one.path)
        if name in os.listdir(aside):
            os.rename(name, new, src_dir_fd=copied, dst_dir_fd=target)
    aside.rmdir()
