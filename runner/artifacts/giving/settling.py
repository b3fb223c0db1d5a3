"""A workspace that was laid over a layer of large files is made a plain folder again.

The upper folder tells all, in the kernel's own words (Linux, ``filesystems/overlayfs``): a file
with the attribute ``metacopy`` has mode and time, but its content is that of a file of the layer; a
device 0:0 says that what has its name in the layer is gone; ``redirect`` is where in the layer
something was that has been renamed since. So nothing has to be mounted for this: whoever finds a
run that was killed can do it.

Files that the job has not written to become names (hard links) of the kept file that they came
from: nobody writes to them from here on, and who keeps them again keeps no second copy. What the
job had made of mode and time is noted for whoever takes them in (``store/taking.py``), as a file
has but one of each for all its names.
"""

from __future__ import annotations

import json
import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.entries import Entry
from runner.artifacts.folders import READING, Folders, OwnFolders, parent
from runner.artifacts.giving.files import NewFile, beside
from runner.artifacts.giving.layer import laid
from runner.artifacts.store.taking import note
from runner.content import allocated, pour
from runner.failpoints import reach
from runner.mounts import lift

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.paths import RunPaths

_PREFIX = "trusted.overlay."
_ANY_EXECUTE = 0o111
_NOTE = "unwritten"


class _Unwritten(NamedTuple):
    """A file that has its content in the layer, at ``lower``."""

    path: str
    lower: str
    bytes: int
    mode: int
    modified: int


class _Look(NamedTuple):
    """What is in an upper folder: files without content, signs that something is gone, folders."""

    unwritten: list[_Unwritten]
    gone: list[str]
    folders: list[str]


def settle(paths: RunPaths, working_dir: str) -> None:
    """Make a plain folder of a run's workspace, if it was laid over a layer. Safe to repeat.

    ``working_dir`` is where in it the job was. Nothing of the job may live any more.

    Raises:
        OSError: it cannot be done; another time it may.
    """
    folders = laid(paths)
    if not folders.upper.is_dir():
        return
    lift(paths.workspace)
    look = _look(folders.upper)
    note(paths.lists, _NOTE, _entries(paths, look.unwritten, working_dir))
    reach("settling")
    with OwnFolders(folders.upper) as upper, Folders(folders.lower) as lower:
        for path in look.gone:
            above, name = parent(path)
            os.unlink(name, dir_fd=upper.at(above))
        for one in look.unwritten:
            _put_content(one, lower, upper)
        for path in look.folders:
            _strip(upper.at(path))
    os.rename(folders.upper, paths.workspace)
    reach("settled")


def discard(paths: RunPaths) -> None:
    """Remove the layer of a run, and all that is in it.

    Raises:
        OSError: something cannot be removed.
    """
    if paths.layer.is_dir():
        lift(paths.workspace)
        tree.remove(paths.layer)


def _look(root: Path) -> _Look:
    look = _Look([], [], [])
    left: list[tuple[str, str | None]] = [("", "")]
    with OwnFolders(root) as folders:
        while left:
            path, lower = left.pop()
            look.folders.append(path)
            left += _look_into(folders.at(path), path, lower, look)
    return look


def _look_into(
    folder: int, path: str, lower: str | None, look: _Look
) -> Iterator[tuple[str, str | None]]:
    """Look at what is in a folder; the folders in it, with where they are in the layer, if so."""
    with os.scandir(folder) as entries:
        for entry in entries:
            below = f"{path}/{entry.name}" if path else entry.name
            found = entry.stat(follow_symlinks=False)
            if stat.S_ISDIR(found.st_mode):
                opaque = _attribute(folder, entry.name, "opaque") is not None
                yield below, None if opaque else _lower(folder, entry.name, lower)
            elif stat.S_ISCHR(found.st_mode) and found.st_rdev == 0:
                look.gone.append(below)
            elif (
                stat.S_ISREG(found.st_mode)
                and allocated(found) < found.st_size
                and _attribute(folder, entry.name, "metacopy") is not None
            ):
                content = _lower(folder, entry.name, lower)
                if content is None:
                    raise FileNotFoundError(2, "what it was laid over is not known", below)
                has = (found.st_size, found.st_mode & 0o777, found.st_mtime_ns)
                look.unwritten.append(_Unwritten(below, content, *has))


def _lower(folder: int, name: str, lower: str | None) -> str | None:
    """Where something is in the layer, of which ``folder`` is at ``lower``."""
    redirect = _attribute(folder, name, "redirect")
    said = name if redirect is None else os.fsdecode(redirect)
    if said.startswith("/"):
        return said.lstrip("/")
    return None if lower is None else f"{lower}/{said}".lstrip("/")


def _attribute(folder: int, name: str, attribute: str) -> bytes | None:
    try:
        whole = f"/proc/self/fd/{folder}/{name}"
        return os.getxattr(whole, _PREFIX + attribute, follow_symlinks=False)
    except OSError:
        return None


def _entries(paths: RunPaths, unwritten: list[_Unwritten], working_dir: str) -> Iterator[Entry]:
    """The entries that these files come to if they are kept, by their paths as the job has them."""
    digests = _digests(paths.layer_digests)
    for one in unwritten:
        path = os.path.relpath(one.path, working_dir)
        if one.lower in digests:
            yield Entry(path, "file", one.bytes, digests[one.lower], one.mode, one.modified)


def _digests(file: Path) -> dict[str, str]:
    """The digests of what is in the layer; where they are not known, files are read once more."""
    try:
        found = json.loads(file.read_bytes())
    except (FileNotFoundError, ValueError):  # of an older version, and taken by a power cut
        return {}
    return found if isinstance(found, dict) else {}


def _put_content(one: _Unwritten, lower: Folders, upper: Folders) -> None:
    """Make it a name of the kept file, or a copy where that is not executable as this one is."""
    lower_above, lower_name = parent(one.lower)
    above, name = parent(one.path)
    source, target = lower.at(lower_above), upper.at(above)
    mode = os.stat(lower_name, dir_fd=source, follow_symlinks=False).st_mode
    if bool(mode & _ANY_EXECUTE) != bool(one.mode & _ANY_EXECUTE):
        _copy(source, lower_name, target, name, one)
        return
    staged = beside()
    os.link(lower_name, staged, src_dir_fd=source, dst_dir_fd=target, follow_symlinks=False)
    os.replace(staged, name, src_dir_fd=target, dst_dir_fd=target)


def _copy(source: int, kept: str, target: int, name: str, one: _Unwritten) -> None:
    reading = os.open(kept, READING, dir_fd=source)
    try:
        writing = NewFile(target, name, careful=True)
        try:
            pour(reading, writing.descriptor)
            writing.publish(one.mode, (one.modified, one.modified))
        finally:
            writing.close()
    finally:
        os.close(reading)


def _strip(folder: int) -> None:
    """Remove the kernel's words from a folder: laid over another one, they would be misread."""
    for attribute in os.listxattr(folder):
        if attribute.startswith(_PREFIX):
            os.removexattr(folder, attribute)
