"""Kept files, given out: into a workspace, or wherever somebody wants to have them."""

from __future__ import annotations

import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.entries import stored
from runner.artifacts.folders import Folders, NewFolders, OnTheWayError, parent, set_mode
from runner.artifacts.giving.files import (
    NewFile,
    NotKeptError,
    free,
    modified,
    open_stored,
    permissions,
    put_link,
    read_link,
    require,
)
from runner.artifacts.giving.pouring import Copy, Pourer
from runner.artifacts.store.hashing import Hasher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from runner.artifacts.entries import Entry
    from runner.artifacts.giving.layer import Layer


def give(  # noqa: PLR0913 - what, from where, to where, and how
    source: Path,
    entries: Iterable[Entry],
    target: Path,
    progress: Callable[[int, int], None],
    *,
    at: Callable[[str], str] = stored,
    careful: bool = False,
    layer: Layer | None = None,
    damaged: Callable[[Entry], None] | None = None,
) -> None:
    """Copy entries from ``source``, the folder of a run's artifacts, to below ``target``.

    Every file is one of its own, with the mode and time of its entry; links stay links. ``at``
    answers where an entry goes, below ``target``, which must be there; of that one itself links
    are followed, below it none is. ``progress`` is told files and bytes so far.

    What is there already is replaced, file by file. With ``careful``, for a folder in which people
    have files of their own, no folder is removed for a file, no file or link for a folder, and each
    file is replaced in one step when the new one is whole: who is interrupted can begin again.

    With a ``layer``, that of the workspace which ``target`` lies in, large files may be taken in
    there: they appear in the workspace later.

    With ``damaged`` the content of each is compared with its digest on the way. It is told of those
    that are not there any more, or not what was kept; they do not appear (of files only with
    ``careful``), and the rest is given.

    Raises:
        OSError: one cannot be read or written; ``filename`` is its path.
    """
    with Folders(source) as kept, NewFolders(target, careful=careful) as places:
        hasher = None if damaged is None else Hasher()
        with Pourer(progress, hasher) as pourer:
            how = _Target(target, careful, layer, hasher)
            giving = _Giving(kept, places, pourer, how)
            for entry in entries:
                with _naming(entry.path):
                    try:
                        giving.put(entry, at(entry.path))
                    except NotKeptError:
                        if damaged is None:
                            raise
                        damaged(entry)
        giving.finish_folders()


@contextmanager
def _naming(path: str) -> Iterator[None]:
    """What goes wrong within went wrong with this path."""
    try:
        yield
    except OSError as error:
        raise OSError(error.errno, error.strerror, path) from error


class _Folder(NamedTuple):
    """A folder that was made: its mode, and its times (ns) where these are known."""

    path: str
    mode: int
    times: tuple[int, int] | None = None


class _Target(NamedTuple):
    """Where to, and how."""

    root: Path
    careful: bool
    layer: Layer | None
    hasher: Hasher | None


class _Giving:
    """Puts entries into their places."""

    def __init__(self, kept: Folders, places: NewFolders, pourer: Pourer, target: _Target) -> None:
        self._kept = kept
        self._places = places
        self._pourer = pourer
        self._target = target.root
        self._careful = target.careful
        self._layer = target.layer
        self._hasher = target.hasher
        self._made: list[_Folder] = []

    def put(self, entry: Entry, path: str) -> None:
        """Put one at ``path``, a path below the target."""
        self._require(entry)
        if entry.kind == "directory":
            self._put_folder(entry, path)
            return
        kept_above, kept_name = parent(stored(entry.path))
        above, name = parent(path)
        folder = self._open(kept_above, above)
        source = self._kept.at(kept_above)
        if entry.kind == "link":
            self._put_link(entry, (source, kept_name), (folder, name), path)
            return
        if self._layer is not None and self._layer.take(
            source, kept_name, entry, self._target / path
        ):
            if not free(folder, name):
                tree.remove(self._target / path)
            self._pourer.count(entry.bytes)
            return
        reading = open_stored(source, kept_name, entry)
        try:
            writing = self._new_file(folder, name, path)
        except BaseException:
            os.close(reading)
            raise
        found = os.fstat(reading)
        as_kept = permissions(entry, found), modified(entry, found)
        self._pourer.add(Copy(entry, reading, writing, *as_kept))

    def _require(self, entry: Entry) -> None:
        """See that the folder is there which it is kept in, or is."""
        folder = stored(entry.path)
        try:
            self._kept.at(folder if entry.kind == "directory" else parent(folder)[0])
        except (FileNotFoundError, OnTheWayError) as error:
            raise NotKeptError(entry.path) from error

    def finish_folders(self) -> None:
        """Give folders their modes: one that may not be written had to be filled first."""
        for folder in reversed(self._made):
            with _naming(folder.path):
                set_mode(self._places.at(folder.path), folder.mode | stat.S_IRWXU)
                if folder.times is not None:
                    above, name = parent(folder.path)
                    within = self._places.at(above)
                    os.utime(name, ns=folder.times, dir_fd=within, follow_symlinks=False)

    def _put_folder(self, entry: Entry, path: str) -> None:
        before = len(self._made)
        self._open(stored(entry.path), path)
        if len(self._made) > before and self._made[-1].path == path:
            found = os.fstat(self._kept.at(stored(entry.path)))
            mode = permissions(entry, found)
            self._made[-1] = _Folder(path, mode, modified(entry, found))

    def _put_link(
        self, entry: Entry, kept: tuple[int, str], place: tuple[int, str], path: str
    ) -> None:
        link = read_link(*kept, entry)
        if self._hasher is not None:
            require(self._hasher.text(os.fsencode(link[0])), entry)
        try:
            put_link(*link, *place, entry)
        except IsADirectoryError:
            if self._careful:
                raise
            tree.remove(self._target / path)
            put_link(*link, *place, entry)
        self._pourer.count(0)

    def _new_file(self, folder: int, name: str, path: str) -> NewFile:
        try:
            return NewFile(folder, name, careful=self._careful)
        except FileExistsError:
            if not free(folder, name):
                tree.remove(self._target / path)
        return NewFile(folder, name, careful=self._careful)

    def _open(self, kept: str, path: str) -> int:
        """A folder of the target, made if need be after the pattern of where it is kept."""
        folder = self._places.at(path)
        for made in self._places.take_made():
            # the way to the file is the same here and there, from its end upwards
            kept_parts = kept.split("/")
            above = len(path.split("/")) - len(made.split("/"))
            if len(kept_parts) > above:
                kept_folder = self._kept.at("/".join(kept_parts[: len(kept_parts) - above]))
                self._made.append(_Folder(made, os.fstat(kept_folder).st_mode & 0o777))
        return folder
