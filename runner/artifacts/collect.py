"""Collecting: what the workflow declared is moved out of the workspace and listed.

Moved, not copied: workspace and artifacts lie in one folder, so a rename is enough, whatever the
size. Links inside are kept as links and never followed; a declared path that leads out of the
workspace through a link is refused. Sockets, pipes and devices are left out and said.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from runner.artifacts.manifest import Artifact, Entry, Manifest
from runner.errors import STORAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.spec.workflow import ArtifactRequest

_CHUNK = 1 << 20


def prepare(working_dir: Path, requests: tuple[ArtifactRequest, ...]) -> None:
    """Make the declared folders, as every dstack runner did: scripts rely on them being there.

    A path whose last part has a suffix (``model.ckpt``) is taken for a file and left alone.
    """
    for request in requests:
        if not os.path.splitext(request.path)[1]:
            try:
                (working_dir / request.path).mkdir(parents=True, exist_ok=True)
            except OSError:
                continue  # something else is in its place; the job will see


def collect(
    working_dir: Path,
    requests: tuple[ArtifactRequest, ...],
    destination: Path,
    progress: Callable[[int, int], None],
) -> Manifest:
    """Move every declared path below ``destination`` and list it.

    ``progress`` is told files and bytes so far. An artifact inside another one belongs to the
    outer one and is listed there and here.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be moved or read; what has not been moved
            is still in the workspace.
    """
    try:
        destination.mkdir(mode=0o700, exist_ok=True)
        moved: list[str] = []
        for request in sorted(requests, key=lambda found: found.path.count("/")):
            if not _inside(request.path, moved) and _movable(working_dir, request.path):
                _move(working_dir / request.path, destination / request.path)
                moved.append(request.path)
        counter = _Counter(progress)
        return Manifest(tuple(_list(destination, request.path, counter) for request in requests))
    except OSError as error:
        raise WfError(
            STORAGE,
            f"the artifacts could not be kept: {error.strerror}: {error.filename}",
            hint="look for free space (df -h); what was not moved is still in the workspace",
        ) from error


class _Counter:
    """Files and bytes so far."""

    def __init__(self, progress: Callable[[int, int], None]) -> None:
        self._progress = progress
        self._files = 0
        self._bytes = 0

    def add(self, size: int) -> None:
        self._files += 1
        self._bytes += size
        self._progress(self._files, self._bytes)


def _inside(path: str, moved: list[str]) -> bool:
    return any(path == outer or path.startswith(outer + "/") for outer in moved)


def _movable(working_dir: Path, path: str) -> bool:
    """Whether it is there, and no link on the way leads elsewhere."""
    folder = working_dir
    for part in path.split("/")[:-1]:
        folder = folder / part
        if folder.is_symlink():
            return False
    return os.path.lexists(working_dir / path)


def _move(source: Path, destination: Path) -> None:
    destination.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(destination)
    except PermissionError:
        # a folder that may not be written cannot change its parent (rename(2)): its `..` does
        mode = source.lstat().st_mode
        if not stat.S_ISDIR(mode):
            raise
        source.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        source.rename(destination)
        destination.chmod(stat.S_IMODE(mode))


def _list(root: Path, path: str, counter: _Counter) -> Artifact:
    entries: list[Entry] = []
    skipped: list[str] = []
    for name in _walk(root, path, path):
        entry = _entry(root, name)
        if entry is None:
            skipped.append(name)
        else:
            entries.append(entry)
            counter.add(entry.bytes)
    return Artifact(path, tuple(entries), tuple(skipped))


def _walk(root: Path, path: str, top: str) -> Iterator[str]:
    """Files and links below ``path`` and folders with nothing in them, sorted by path.

    An artifact ``top`` that is an empty folder counts as nothing: wf may have made it itself.
    """
    whole = os.path.join(root, path)
    if not os.path.lexists(whole):
        return
    if os.path.islink(whole) or not os.path.isdir(whole):
        yield path
        return
    with os.scandir(whole) as found:
        entries = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in found)
    if not entries and path != top:
        yield path
    for name, is_folder in entries:
        below = f"{path}/{name}"
        if is_folder:
            yield from _walk(root, below, top)
        else:
            yield below


def _entry(root: Path, name: str) -> Entry | None:
    whole = os.path.join(root, name)
    found = os.lstat(whole)
    if stat.S_ISLNK(found.st_mode):
        target = os.fsencode(os.readlink(whole))
        return Entry(name, "link", 0, _digest([target]))
    if stat.S_ISDIR(found.st_mode):
        return Entry(name, "directory", 0, _digest([]))
    if not stat.S_ISREG(found.st_mode):
        return None
    return Entry(name, "file", found.st_size, _digest(_chunks(whole, found.st_size)))


def _chunks(path: str, size: int) -> Iterator[bytes]:
    """A file's bytes; a small file in one piece, without room for a large one."""
    length = min(size + 1, _CHUNK)
    descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    try:
        while chunk := os.read(descriptor, length):
            yield chunk
    finally:
        os.close(descriptor)


def _digest(chunks: Iterator[bytes] | list[bytes]) -> str:
    from blake3 import blake3

    hasher = blake3()
    for chunk in chunks:
        hasher.update(chunk)
    return f"blake3:{hasher.hexdigest()}"
