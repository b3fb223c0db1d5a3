"""Unpacking: files that are handed out as a tar stream, put below a folder of wf's own.

The names in such a stream are no way to anywhere else: a way is gone name by name, and no link on
it is followed. What is unpacked belongs to whoever unpacks it, without the rights that a mode gives
beyond reading, writing and executing. Pipes, sockets and devices are left out, and so are links
that lead out of the stream by more than their text: a link is kept as its text.
"""

from __future__ import annotations

import os
import stat
import tarfile
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.folders import CREATING, OnTheWayError, entered, look, set_mode

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

_CHUNK = 1 << 20
_ZEROS = bytes(_CHUNK)

Way = tuple[str, ...]
"""The names that lead to something below a folder."""


class Unpacked(NamedTuple):
    """What is to be told, and what is missing yet.

    ``skipped`` are things that are no files. ``links`` are further names (hard links) of files that
    were not ``wanted`` themselves: the stream has their content at another place.
    """

    skipped: tuple[Way, ...] = ()
    links: tuple[Way, ...] = ()


def unpack(
    stream: Iterable[bytes],
    target: int,
    way: Way,
    wanted: Callable[[Way], bool],
    tell: Callable[[int, int], None],
) -> Unpacked:
    """Put what the stream has of the thing called ``way``, and is ``wanted``, below ``target``.

    ``way`` takes the place of the first name that all in the stream have in common; it is empty for
    a stream of the root of a file system, whose names have no such part. ``tell`` is told files and
    bytes so far.

    Raises:
        OSError: something cannot be written.
        tarfile.TarError: this is no such stream, or not all of it.
    """
    unpacking = _Unpacking(target, way, tell)
    reader = _Reader(iter(stream))
    with tarfile.open(fileobj=reader, mode="r|", bufsize=_CHUNK) as archive:  # type: ignore[call-overload]
        for member in archive:
            to = unpacking.place(member.name)
            if to is not None and wanted(to):
                unpacking.take(archive, member, to)
    unpacking.finish()
    return Unpacked(tuple(unpacking.skipped), tuple(unpacking.links))


class _Unpacking:
    """That of one stream."""

    def __init__(self, target: int, way: Way, tell: Callable[[int, int], None]) -> None:
        self._target = target
        self._way = way
        self._tell = tell
        self._files = self._bytes = 0
        self._folders: list[tuple[Way, tarfile.TarInfo]] = []
        self.skipped: list[Way] = []
        self.links: list[Way] = []

    def place(self, name: str) -> Way | None:
        """Where something goes; ``None``: nowhere."""
        names = tuple(part for part in name.split("/") if part not in {"", "."})
        if ".." in names or any("\0" in part for part in names):
            return None
        return (*self._way, *names[1:]) if self._way else names

    def take(self, archive: tarfile.TarFile, member: tarfile.TarInfo, to: Way) -> None:
        """Put one thing where it belongs, unless a link of the stream lies on the way."""
        if not to:
            return
        try:
            with entered(self._target, to[:-1], make=True) as folder:
                self._put(archive, member, to, folder)
        except OnTheWayError:
            self.skipped.append(to)
            return
        self._tell(self._files, self._bytes)

    def _put(self, archive: tarfile.TarFile, member: tarfile.TarInfo, to: Way, folder: int) -> None:
        name = to[-1]
        there = look(folder, name)
        if member.isdir() and (there is None or stat.S_ISDIR(there.st_mode)):
            if there is None:
                os.mkdir(name, 0o700, dir_fd=folder)
            self._folders.append((to, member))
        elif there is not None:
            self.skipped.append(to)
        elif member.issym():
            os.symlink(member.linkname, name, dir_fd=folder)
            self._files += 1
        elif member.islnk():
            self._link(member, to, folder)
        elif member.isreg():
            self._file(archive, member, name, folder)
        else:
            self.skipped.append(to)

    def _file(
        self, archive: tarfile.TarFile, member: tarfile.TarInfo, name: str, folder: int
    ) -> None:
        source = archive.extractfile(member)
        if source is None:
            return
        writing = os.open(name, CREATING, 0o600, dir_fd=folder)
        try:
            size = 0
            while piece := source.read(_CHUNK):
                size += len(piece)
                _write(writing, piece)
                self._tell(self._files, self._bytes + size)
            os.ftruncate(writing, size)
            os.fchmod(writing, stat.S_IMODE(member.mode) & 0o777)
            os.utime(writing, (member.mtime, member.mtime))
        finally:
            os.close(writing)
        self._bytes += size
        self._files += 1

    def _link(self, member: tarfile.TarInfo, to: Way, folder: int) -> None:
        """Another name of a file that came before."""
        first = self.place(member.linkname) or to
        try:
            with entered(self._target, first[:-1]) as source:
                os.link(
                    first[-1], to[-1], src_dir_fd=source, dst_dir_fd=folder, follow_symlinks=False
                )
        except (FileNotFoundError, FileExistsError, PermissionError, OnTheWayError):
            self.links.append(to)
        else:
            self._files += 1

    def finish(self) -> None:
        """Folders get their modes and times when they are full."""
        for way, member in reversed(self._folders):
            with entered(self._target, way[:-1]) as parent, entered(parent, way[-1:]) as folder:
                set_mode(folder, stat.S_IMODE(member.mode) & 0o777 | stat.S_IRWXU)
                with suppress(OSError):
                    os.utime(way[-1], (member.mtime, member.mtime), dir_fd=parent)


def _write(descriptor: int, piece: bytes) -> None:
    """Write it; what is all zeros becomes a hole."""
    if piece == _ZEROS[: len(piece)]:
        os.lseek(descriptor, len(piece), os.SEEK_CUR)
        return
    view = memoryview(piece)
    while view:
        view = view[os.write(descriptor, view) :]


class _Reader:
    """The pieces of a stream as a file that is read to its end, and no further."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._rest = b""

    def read(self, size: int) -> bytes:
        """So many bytes, or fewer at the end."""
        found = [self._rest]
        length = len(self._rest)
        while length < size and (piece := next(self._pieces, b"")):
            found.append(piece)
            length += len(piece)
        whole = b"".join(found)
        self._rest = whole[size:]
        return whole[:size]
