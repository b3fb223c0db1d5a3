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

from runner.content import pour
from runner.disks import named, unwritable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_LEFT_OUT = frozenset({".git", ".hg", ".svn", "__pycache__", "node_modules", ".ipynb_checkpoints"})


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was copied."""

    files: int
    bytes: int


def take(
    root: Path,
    listed: list[str] | None,
    destination: Path,
    own_folders: tuple[Path, ...],
    progress: Callable[[int, int], None],
) -> Snapshot:
    """Copy the project at ``root`` to ``destination``, which must not exist yet.

    ``listed`` is what git knows of it, or ``None``. ``own_folders`` are wf's, and left out. The
    function ``progress`` is told files and bytes so far.

    Raises:
        WfError: kind ``STORAGE`` when a file cannot be read or the copy cannot be written.
    """
    files = size = 0
    made: set[str] = set()
    destination.mkdir(mode=0o700)
    try:
        own = below(root, own_folders)
        for name in names(root, listed, own):
            parent = os.path.dirname(name)
            if parent not in made:
                (destination / parent).mkdir(parents=True, exist_ok=True)
                made.add(parent)
            copied = copy_file(os.path.join(root, name), os.path.join(destination, name))
            if copied is None:
                continue
            files, size = files + 1, size + copied
            progress(files, size)
    except OSError as error:
        hint = "make the file readable or let git ignore it, and look for free space (df -h)"
        what = "the project could not be copied"
        raise unwritable(what, named(error), destination, hint) from error
    return Snapshot(files, size)


def below(root: Path, folders: tuple[Path, ...]) -> tuple[str, ...]:
    """Those of the folders that lie within ``root``, as paths below it."""
    real = os.path.realpath(root)
    found = (os.path.relpath(os.path.realpath(folder), real) for folder in folders)
    return tuple(path for path in found if path not in {".", ".."} and not path.startswith("../"))


def names(root: Path, listed: list[str] | None, own: tuple[str, ...]) -> Iterator[str]:
    """What a snapshot copies, as paths below ``root``.

    A submodule or nested repository is walked as a plain folder.
    """
    if listed is None:
        yield from walk(root, "", own)
        return
    inside = tuple(f"{path}/" for path in own)
    for name in listed:
        whole = os.path.join(root, name)
        if name in own or name.startswith(inside):
            continue
        if os.path.isdir(whole) and not os.path.islink(whole):
            yield from walk(root, name.rstrip("/"), own)
        else:
            yield name


def walk(root: Path | str, below: str = "", own: tuple[str, ...] = ()) -> Iterator[str]:
    """Files below a folder of ``root``, less what can be made again, and less ``own``."""
    waiting = [below]
    while waiting:
        folder = waiting.pop()
        with os.scandir(os.path.join(root, folder)) as entries:
            for entry in sorted(entries, key=lambda found: found.name):
                name = os.path.join(folder, entry.name)
                if name in own:
                    continue
                if not entry.is_dir(follow_symlinks=False):
                    yield name
                elif not (entry.name in _LEFT_OUT or _is_venv(entry.path)):
                    waiting.append(name)


def _is_venv(folder: str) -> bool:
    return os.path.exists(os.path.join(folder, "pyvenv.cfg"))


def copy_file(source: str, destination: str) -> int | None:
    """Copy one file or link; the number of bytes, or ``None`` if there was nothing to copy.

    The copy is a file of its own, whatever the file system shares below it.
    """
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
            copied = pour(reading, writing)
            os.fchmod(writing, mode)
            os.utime(writing, ns=(found.st_atime_ns, found.st_mtime_ns))
        finally:
            os.close(writing)
    finally:
        os.close(reading)
    return copied
