"""Collecting: what the workflow declared is moved out of the workspace and listed.

Moved, not copied: workspace and artifacts lie in one folder, so a rename is enough, whatever the
size. Links inside are kept as links and never followed; a declared path that leads out of the
workspace through a link is refused. Sockets, pipes and devices are left out and said.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING

from runner.artifacts.manifest import Entry, Listing
from runner.disks import named, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.artifacts.manifest import Artifact, Kind
    from runner.paths import RunPaths
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
    paths: RunPaths,
    progress: Callable[[int, int], None],
) -> list[Artifact]:
    """Move every declared path among the run's artifacts and list it.

    ``progress`` is told files and bytes so far. An artifact inside another one belongs to the
    outer one and is listed there and here.

    Raises:
        WfError: kind ``STORAGE`` when something cannot be moved or read; what has not been moved
            is still in the workspace.
    """
    try:
        destination = paths.artifacts
        for folder in (destination, paths.lists):
            folder.mkdir(mode=0o700, exist_ok=True)
        moved: list[str] = []
        for request in sorted(requests, key=lambda found: found.path.count("/")):
            if not _inside(request.path, moved) and _movable(working_dir, request.path):
                _move(working_dir / request.path, destination / request.path)
                moved.append(request.path)
        counter = _Counter(progress)
        return [
            _list(destination, request.path, paths.lists / f"{at}.jsonl", counter)
            for at, request in enumerate(requests)
        ]
    except OSError as error:
        hint = "look for free space (df -h); what was not moved is still in the workspace"
        what = "the artifacts could not be kept"
        raise unwritable(what, named(error), working_dir, hint) from error


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


def _list(root: Path, path: str, file: Path, counter: _Counter) -> Artifact:
    reader = _Reader()
    with Listing(file, path) as listing:
        for name, kind in _walk(root, path):
            if kind is None:
                listing.skip(name)
                continue
            whole = os.path.join(root, name)
            size, digest = reader.read(whole, kind)
            found = os.lstat(whole)
            mode = stat.S_IMODE(found.st_mode) & 0o777
            listing.add(Entry(name, kind, size, digest, mode, found.st_mtime_ns))
            counter.add(size)
    return listing.artifact()


def _walk(root: Path, path: str) -> Iterator[tuple[str, Kind | None]]:
    """Files and links below ``path`` and folders with nothing in them, sorted by path.

    The kind of what is not to be kept is ``None``. An artifact that is an empty folder counts as
    nothing: wf may have made it itself.
    """
    if not os.path.lexists(root / path):
        return
    left = [(path, _kind(root / path))]
    while left:
        name, kind = left.pop()
        if kind != "directory":
            yield name, kind
            continue
        with os.scandir(os.path.join(root, name)) as found:
            below = [(f"{name}/{entry.name}", _kind(entry)) for entry in found]
        if not below and name != path:
            yield name, kind
        left += sorted(below, reverse=True)


def _kind(found: os.DirEntry[str] | Path) -> Kind | None:
    """What it is; most file systems tell with the name, so that nothing more is asked."""
    if found.is_symlink():
        return "link"
    if found.is_dir():
        return "directory"
    return "file" if found.is_file() else None


class _Reader:
    """Reads what is kept, one after the other, into one buffer."""

    def __init__(self) -> None:
        from blake3 import blake3

        self._hasher = blake3
        self._buffer = memoryview(bytearray(_CHUNK))

    def read(self, path: str, kind: Kind) -> tuple[int, str]:
        """How many bytes a file has (nothing else has any), and the digest of it."""
        hasher = self._hasher()
        size = 0
        if kind == "link":
            hasher.update(os.fsencode(os.readlink(path)))
        elif kind == "file":
            descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
            try:
                while length := os.readv(descriptor, [self._buffer]):
                    hasher.update(self._buffer[:length])
                    size += length
            finally:
                os.close(descriptor)
        return size, f"blake3:{hasher.hexdigest()}"
