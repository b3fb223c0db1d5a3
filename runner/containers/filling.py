"""Files put into a container before it starts."""

from __future__ import annotations

import os
import stat
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.containers.container import Container

_PIECE = 1 << 20
_ROOT = (0, 0)


def fill(container: Container, top: Path, user: str) -> None:
    """Have everything below ``top`` at the same paths below the root of the container.

    It belongs to ``user`` (``UID:GID``; of one who has only a name, to root). Folders that the
    image has stay what they are; its files give way.

    Raises:
        Refused, Unreachable, Gone: as what is asked of the daemon raises.
        OSError: one cannot be read.
    """
    # all that is asked before: a daemon answers nothing about a container while it fills it
    paths = list(_wanted(container, top))
    container.unpack(_archive(top, paths, _owner(user)))


def _owner(user: str) -> tuple[int, int]:
    first, _, second = user.partition(":")
    if not first.isdecimal():
        return _ROOT
    return int(first), int(second) if second.isdecimal() else 0


def _wanted(container: Container, top: Path) -> Iterator[str]:
    """The paths below ``top`` that are put there, folders before what is in them."""
    fresh: set[str] = set()
    for folder, folders, files in os.walk(top):
        above = folder[len(str(top)) :]
        for name in folders:
            path = f"{above}/{name}"
            if above in fresh or os.path.islink(f"{top}{path}") or not container.has(path):
                fresh.add(path)
                yield path
        yield from (f"{above}/{name}" for name in files)


def _archive(top: Path, paths: Iterable[str], owner: tuple[int, int]) -> Iterator[bytes]:
    for path in paths:
        source = Path(f"{top}{path}")
        yield _header(source, path, owner)
        if not source.is_symlink() and source.is_file():
            yield from _content(source)
    yield bytes(2 * tarfile.BLOCKSIZE)


def _header(source: Path, path: str, owner: tuple[int, int]) -> bytes:
    found = source.lstat()
    info = tarfile.TarInfo(path.lstrip("/"))
    info.mode, info.mtime = stat.S_IMODE(found.st_mode), int(found.st_mtime)
    info.uid, info.gid = owner
    if stat.S_ISDIR(found.st_mode):
        info.type = tarfile.DIRTYPE
    elif stat.S_ISLNK(found.st_mode):
        info.type, info.linkname = tarfile.SYMTYPE, os.readlink(source)
    else:
        info.size = found.st_size
    return info.tobuf(tarfile.GNU_FORMAT, "utf-8", "surrogateescape")


def _content(path: Path) -> Iterator[bytes]:
    size = 0
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            yield piece
    yield bytes(-size % tarfile.BLOCKSIZE)
