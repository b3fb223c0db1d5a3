"""Artifacts of former runs as inputs: at the same paths, below another working directory.

What the project has at such a path is replaced, file by file. What had an absolute path goes back
there, but only where nothing is: that place belongs to the machine, and not to the run. For a job
in a container it never goes to the machine, but to a folder that is put into the container.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from runner.artifacts.giving.give import give
from runner.artifacts.giving.standing import standing
from runner.disks import named, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.artifacts.entries import Entry
    from runner.artifacts.giving.layer import Layer

_ROOT = Path("/")


def place(  # noqa: PLR0913 - what, from where, to where, and how
    source: Path,
    entries: Iterable[Entry],
    working_dir: Path,
    progress: Callable[[int, int], None],
    layer: Layer | None = None,
    *,
    inside: Path | None = None,
) -> list[str]:
    """Copy entries from ``source``, the folder of a run's artifacts; those left alone.

    Left alone are absolute paths at which there is something else. ``progress`` is told files and
    bytes so far. With a ``layer`` below the workspace, large files may be taken in there instead.
    ``inside`` stands for the root of the file system of the job's container, if it has one; it is
    made where it is needed.

    Raises:
        WfError: kind ``STORAGE`` when one cannot be read, or the copy cannot be written.
    """
    absolute: list[Entry] = []
    try:
        give(source, _relative(entries, absolute), working_dir, progress, layer=layer)
        return _put_back(source, absolute, progress, inside)
    except OSError as error:
        hint = "look for free space (df -h), or make it anew: wf run --fresh"
        what = "an input could not be copied"
        raise unwritable(what, named(error), working_dir, hint) from error


def _relative(entries: Iterable[Entry], absolute: list[Entry]) -> Iterable[Entry]:
    for entry in entries:
        if os.path.isabs(entry.path):
            absolute.append(entry)
        else:
            yield entry


def _put_back(
    source: Path,
    entries: list[Entry],
    progress: Callable[[int, int], None],
    inside: Path | None,
) -> list[str]:
    """Give absolute paths what they had, where there is nothing; the others."""
    wanted: list[Entry] = []
    taken: list[str] = []
    if not entries:
        return taken
    if inside is not None:
        inside.mkdir(mode=0o700, exist_ok=True)
        give(source, entries, inside, progress, at=_below_root)
        return taken
    for entry, found in standing(entries, _ROOT, lambda *_: None, at=_below_root):
        if found == "free":
            wanted.append(entry)
        elif found == "taken":
            taken.append(entry.path)
    give(source, wanted, _ROOT, progress, at=_below_root, careful=True)
    return taken


def _below_root(path: str) -> str:
    return path.lstrip("/")
