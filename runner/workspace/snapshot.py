"""The snapshot: a run works on a copy of the project, taken when it was submitted.

Copied are the files that git tracks or does not ignore; without git, every file but what can be
made again (virtual environments, bytecode). Symbolic links are copied as links. Sockets, pipes
and devices are left out.
"""

from __future__ import annotations

import os
import stat
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import STORAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", ".ipynb_checkpoints"})
_CHUNK = 1 << 24


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was copied."""

    files: int
    bytes: int


def take(
    root: Path,
    listed: list[str] | None,
    destination: Path,
    progress: Callable[[int, int], None],
) -> Snapshot:
    """Copy the project at ``root`` to ``destination``, which must not exist yet.

    ``listed`` is what git knows of it, or ``None``. ``progress`` is told files and bytes so far.

    Raises:
        WfError: kind ``STORAGE`` when a file cannot be read or the copy cannot be written.
    """
    files = size = 0
    made: set[str] = set()
    destination.mkdir(mode=0o700)
    try:
        for name in _names(root, listed):
            parent = os.path.dirname(name)
            if parent not in made:
                (destination / parent).mkdir(parents=True, exist_ok=True)
                made.add(parent)
            copied = _copy(os.path.join(root, name), os.path.join(destination, name))
            if copied is None:
                continue
            files, size = files + 1, size + copied
            progress(files, size)
    except OSError as error:
        raise WfError(
            STORAGE,
            f"the project could not be copied: {error.strerror}: {error.filename}",
            hint="make the file readable or let git ignore it, and look for free space (df -h)",
        ) from error
    return Snapshot(files, size)


def _names(root: Path, listed: list[str] | None) -> Iterator[str]:
    """Paths below ``root``; a submodule or nested repository is walked as a plain folder."""
    if listed is None:
        yield from _walk(root, "")
        return
    for name in listed:
        whole = os.path.join(root, name)
        if os.path.isdir(whole) and not os.path.islink(whole):
            yield from _walk(root, name.rstrip("/"))
        else:
            yield name


def _walk(root: Path, below: str) -> Iterator[str]:
    waiting = [below]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in sorted(entries, key=lambda found: found.name):
                name = os.path.join(folder, entry.name)
                if not entry.is_dir(follow_symlinks=False):
                    yield name
                elif entry.name not in _LEFT_OUT and not _is_venv(entry.path):
                    waiting.append(name)


def _is_venv(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


def _copy(source: str, destination: str) -> int | None:
    """Copy one file; the number of bytes, or ``None`` if there was nothing to copy."""
    try:
        found = os.lstat(source)
    except FileNotFoundError:
        return None  # tracked, but deleted in the working tree
    if stat.S_ISLNK(found.st_mode):
        os.symlink(os.readlink(source), destination)
        return 0
    if not stat.S_ISREG(found.st_mode):
        return None
    # O_NOFOLLOW: what was a file a moment ago must not have become a link
    reading = os.open(source, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        mode = stat.S_IMODE(found.st_mode) | stat.S_IRUSR | stat.S_IWUSR
        writing = os.open(destination, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode)
        try:
            copied = _pour(reading, writing)
            os.fchmod(writing, mode)
            os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return copied


def _pour(reading: int, writing: int) -> int:
    """Copy all bytes; by reference where the file system can, in the kernel on Linux."""
    total = 0
    if hasattr(os, "copy_file_range"):
        try:
            while done := os.copy_file_range(reading, writing, _CHUNK):
                total += done
        except OSError:
            if total:
                raise
        else:
            if total:
                return total
        # some file systems (procfs, some network ones) answer with nothing or an error
    while chunk := os.read(reading, 1 << 20):
        view = memoryview(chunk)
        while view:
            view = view[os.write(writing, view) :]
        total += len(chunk)
    return total
