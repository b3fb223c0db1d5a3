"""What a run keeps that goes on: nothing is collected yet, so it is looked at where it is written.

It changes while it is looked at, and has no digests.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.collecting.undeclared import undeclared
from runner.artifacts.entries import Entry, stored
from runner.artifacts.manifest import Artifact

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator
    from pathlib import Path


class Live(NamedTuple):
    """An artifact that is being written, and where."""

    artifact: Artifact
    folder: Path


def live(kept: Path, workspace: Path, declared: Iterable[str]) -> list[Live]:
    """What lies in the folder of a run's artifacts while its job writes.

    A link of wf's to one of the ``declared`` paths is followed, be it in the workspace or an
    absolute one; no other is.
    """
    home = os.path.realpath(workspace)
    mounted = {path: at for path in declared if (at := _mounted(kept, path, home))}
    found = [Live(_artifact(path, at), at) for path, at in mounted.items()]
    inside = {stored(path) for path in mounted}
    others = ((path, kept / path) for path in _others(kept, inside))
    return found + [Live(_artifact(path, at), at) for path, at in others]


def _mounted(kept: Path, path: str, workspace: str) -> Path | None:
    """Where the link for a path leads, if that is within the workspace, or the very path."""
    from pathlib import Path

    link = kept / stored(path)
    if not link.is_symlink():
        return None
    target = os.path.realpath(link)
    return Path(target) if target == path or target.startswith(f"{workspace}/") else None


def _others(kept: Path, mounted: Collection[str]) -> list[str]:
    """What the job has written there itself, beside what is mounted."""
    if kept.is_symlink():  # the job's doing: none of it is kept
        return []
    try:
        return undeclared(os.fspath(kept), mounted)
    except OSError:
        return []


def _artifact(path: str, at: Path) -> Artifact:
    entries = tuple(_walk(path, at))
    files = [entry for entry in entries if entry.kind != "directory"]
    size = sum(entry.bytes for entry in files)
    return Artifact(path, len(files), size, None, inline=entries)


def _walk(path: str, at: Path) -> Iterator[Entry]:
    """Files and links at and below ``at``, sorted by path; what vanishes meanwhile is left out."""
    left = [(path, os.fspath(at))]
    while left:
        name, whole = left.pop()
        try:
            found = os.lstat(whole)
            if stat.S_ISDIR(found.st_mode):
                below = sorted(os.listdir(whole), reverse=True)
                left += [(f"{name}/{child}", f"{whole}/{child}") for child in below]
                continue
        except OSError:
            continue
        mode = stat.S_IMODE(found.st_mode) & 0o777
        if stat.S_ISREG(found.st_mode):
            yield Entry(name, "file", found.st_size, "", mode, found.st_mtime_ns)
        elif stat.S_ISLNK(found.st_mode):
            yield Entry(name, "link", 0, "", mode, found.st_mtime_ns)
