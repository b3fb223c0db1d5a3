"""What is done to some files at a time when artifacts are taken in, by whoever does it.

First each is opened and hashed, and made a file of its own where something outside could still
write to it. Then all of them are written down, with the modes and times that the job had given
them, and only then made read-only and one with their equals. Whoever is killed in between is
followed by one who finds modes and times in these notes.

Where there are many, both is done to small ones later (:mod:`runner.artifacts.store.afterwards`):
until then they are as the job left them, and nothing need be noted.
"""

from __future__ import annotations

import fcntl
import json
import os
import signal
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import PREFIX, Entry, Kind, Lines, line, lines_of, stored
from runner.artifacts.folders import OF_THE_FILE, OnTheWayError, OwnFolders, open_file
from runner.artifacts.manifest import private
from runner.artifacts.store.hashing import Hasher
from runner.artifacts.store.pool import Candidate, Pool, read_only
from runner.failpoints import often, reach

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

_PERMISSIONS = 0o777  # without set-id and sticky bits
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_NOTING = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_OURS = frozenset({0o444, 0o555})
_NOTES = "taking-"
# a lease is taken away from who keeps somebody waiting for long
_LONG = 1 << 26
LARGE = 1 << 20
"""Files of so many bytes are read-only, and one with their equals, as soon as they are listed.

However many there are: that costs nothing beside reading them, and what takes room is not there
twice for a moment. No other may be given out by a further name of the very file.
"""
# what its owner may read, without set-id and sticky bits: the mode in the list is the one it has
_PLAIN, _AND_NOT = stat.S_IRUSR, stat.S_ISUID | stat.S_ISGID | stat.S_ISVTX
_KEPT = frozenset({stat.S_IFREG, stat.S_IFDIR, stat.S_IFLNK})
_NONE = Lines(b"", b"", 0, 0, 0)


class Taken(NamedTuple):
    """Some entries, as they are listed.

    ``skipped`` are no files, ``changed`` were written or removed meanwhile, and ``unreadable``
    cannot be read, for the error with that number.
    """

    lines: Lines
    skipped: list[str]
    changed: list[str]
    unreadable: list[tuple[str, int]]


class _Read(NamedTuple):
    """A file that is still open, and has been hashed (hex)."""

    path: str
    descriptor: int
    found: os.stat_result
    digest: str


class _Hands(NamedTuple):
    """What is in hand: all that is ``open``, and what is made read-only ``now``.

    That is not what is small, if somebody else does it ``later``.
    """

    open: list[int]
    now: list[_Read]
    later: bool


class Taker:
    """Takes in what lies below ``root``, the folder of a run's artifacts; notes go to ``notes``.

    Raises:
        OSError: one of these cannot be opened.
    """

    def __init__(self, root: Path, pool: Pool, notes: Path) -> None:
        self._folders = OwnFolders(root)
        self._pool = pool
        self._hasher = Hasher()
        self._user = os.geteuid()
        self._staged = staging(root, os.getpid())
        self._notes = notes
        self._noting = os.open(notes / f"{_NOTES}{os.getpid()}", _NOTING, 0o600)
        self._former = _Former(notes)
        self._opened = often("opened")
        self._silent = signal.getsignal(signal.SIGIO) is signal.SIG_IGN

    def close(self) -> None:
        """Hold nothing open any more."""
        self._folders.close()
        os.close(self._noting)

    def take(
        self, round_: int, found: Iterable[tuple[str, Kind | None]], *, later: bool = False
    ) -> Taken:
        """Take in some things; what was taken in an earlier round is known again.

        What is small is made read-only, and one with its equals, ``later``, by somebody else.

        Raises:
            OSError: they cannot be noted, or one that has to be copied cannot be.
        """
        self._former.round(round_)
        taken = Taken(_NONE, [], [], [])
        hands = _Hands([], [], later)
        try:
            lines = lines_of(self._look(found, taken, hands))
            if hands.now:
                _write(self._noting, lines.lines)
                reach("noted")
            for one in hands.now:
                lock(one.descriptor, one.found)
                self._share(one)
        finally:
            for descriptor in hands.open:
                os.close(descriptor)
        return taken._replace(lines=lines)

    def _look(
        self, found: Iterable[tuple[str, Kind | None]], taken: Taken, hands: _Hands
    ) -> list[Entry]:
        """The entries of what is kept; the rest is told of in ``taken``."""
        entries: list[Entry] = []
        for path, kind in found:
            try:
                if kind == "file":
                    entry = self._file(path, taken, hands)
                else:
                    entry = self._other(path, kind) if kind else None
            except (FileNotFoundError, OnTheWayError):
                taken.changed.append(path)
            except OSError as error:
                if error.errno not in OF_THE_FILE:
                    error.filename = error.filename or path
                    raise
                taken.unreadable.append((path, error.errno or 0))
            else:
                if entry is None:
                    self._leave_out(path)
                    taken.skipped.append(path)
                else:
                    entries.append(entry)
        return entries

    def _leave_out(self, path: str) -> None:
        """Remove what is no file: who reads the folder would wait for whoever writes to a pipe."""
        above, _, name = stored(path).rpartition("/")
        with suppress(OSError):
            folder = self._folders.at(above)
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            if stat.S_IFMT(found.st_mode) not in _KEPT:
                os.unlink(name, dir_fd=folder)

    def _other(self, path: str, kind: Kind) -> Entry:
        """The entry of a link or a folder."""
        above, _, name = stored(path).rpartition("/")
        folder = self._folders.at(above)
        found = os.stat(name, dir_fd=folder, follow_symlinks=False)
        text = os.fsencode(os.readlink(name, dir_fd=folder)) if kind == "link" else b""
        mode = stat.S_IMODE(found.st_mode) & _PERMISSIONS
        return Entry(path, kind, 0, PREFIX + self._hasher.text(text), mode, found.st_mtime_ns)

    def _file(self, path: str, taken: Taken, hands: _Hands) -> Entry | None:
        """The entry of a file, which is left open; ``None`` if it is none."""
        above, _, name = stored(path).rpartition("/")
        descriptor, found = open_file(name, self._folders.at(above))
        hands.open.append(descriptor)
        if not stat.S_ISREG(found.st_mode):
            return None
        mode = stat.S_IMODE(found.st_mode) & _PERMISSIONS
        self._opened()
        before = self._former.of(path) if mode in _OURS else None
        if before and found.st_nlink > 1 and self._pool.is_object(found, before.digest):
            return Entry(path, "file", found.st_size, PREFIX + before.digest, *before[1:])
        alone, size, digest = self._hashed(path, descriptor, found, taken)
        if not alone:
            descriptor, size, digest = self._part(path, descriptor, found, hands)
            found = os.fstat(descriptor)
        if not (hands.later and _may_wait(found)):
            hands.now.append(_Read(path, descriptor, found, digest))
        modified = found.st_mtime_ns
        if before and before.digest == digest and mode == read_only(before.mode):
            mode, modified = before.mode, before.modified
        return Entry(path, "file", size, PREFIX + digest, mode, modified)

    def _hashed(
        self, path: str, descriptor: int, found: os.stat_result, taken: Taken
    ) -> tuple[bool, int, str]:
        """Whether nothing else can write to a file any more, its size and its digest."""
        alone = is_alone(descriptor, silent=self._silent)
        size, digest = self._hasher.read(descriptor, found)
        if not alone or size != found.st_size or size >= _LONG:
            after = os.fstat(descriptor)
            if (after.st_size, after.st_mtime_ns) != (size, found.st_mtime_ns):
                taken.changed.append(path)
                alone = False
        if found.st_nlink > 1 and not self._pool.is_object(found, digest):
            alone = False  # its other name may be one that somebody writes to
        if found.st_uid != self._user:
            alone = False  # whose it is could change its mode, and write to it
        return alone is not False, size, digest

    def _part(
        self, path: str, descriptor: int, found: os.stat_result, hands: _Hands
    ) -> tuple[int, int, str]:
        """Put a copy in the place of a file that something outside may write to; what it is.

        That is its descriptor, its size and its digest.
        """
        above, _, name = stored(path).rpartition("/")
        with suppress(FileNotFoundError):
            os.unlink(self._staged)
        copy = os.open(self._staged, _NEW, 0o600)
        hands.open.append(copy)
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            read = self._hasher.read(descriptor, os.fstat(descriptor), copy)
            os.fchmod(copy, stat.S_IMODE(found.st_mode) & _PERMISSIONS)
            os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))
            os.replace(self._staged, name, dst_dir_fd=self._folders.at(above))
        except OSError:
            with suppress(OSError):
                os.unlink(self._staged)
            raise
        return (copy, *read)

    def _share(self, one: _Read) -> None:
        above, _, name = stored(one.path).rpartition("/")
        if one.found.st_size:
            file = Candidate(name, self._folders.at(above), one.found, one.digest)
            self._pool.share(file, self._staged, self._hasher)


class _Before(NamedTuple):
    """What a file was before we changed it. ``digest`` in hex."""

    digest: str
    mode: int
    modified: int


class _Former:
    """What the notes in a folder say, and the lists there; they are read when they are needed."""

    def __init__(self, notes: Path) -> None:
        self._notes = notes
        self._round = 0
        self._read: int | None = None
        self._known: dict[str, _Before] = {}

    def round(self, round_: int) -> None:
        """Another round: more has been noted since the last."""
        self._round = round_

    def of(self, path: str) -> _Before | None:
        """What a file was that seems to have been taken in already."""
        if self._read != self._round:
            self._read = self._round
            for file in sorted(self._notes.iterdir()):
                with suppress(OSError):
                    self._known.update(_noted(file))
        return self._known.get(path)


def _noted(file: Path) -> Iterator[tuple[str, _Before]]:
    with file.open("rb") as lines:
        for text in lines:
            # the last one may be a part of one
            with suppress(ValueError, TypeError):
                entry = Entry(**json.loads(text))
                if entry.kind == "file" and entry.mode is not None and entry.modified is not None:
                    digest = entry.digest.removeprefix(PREFIX)
                    yield entry.path, _Before(digest, entry.mode, entry.modified)


def _may_wait(found: os.stat_result) -> bool:
    """Whether a file can stay as the job left it for a while, and still be known again."""
    plain = found.st_mode & (_PLAIN | _AND_NOT) == _PLAIN
    return plain and found.st_size < LARGE and found.st_nlink == 1


def lock(descriptor: int, found: os.stat_result) -> None:
    """Make an open file read-only.

    Raises:
        OSError: it cannot be done.
    """
    mode = stat.S_IMODE(found.st_mode)
    if mode != read_only(mode):
        os.fchmod(descriptor, read_only(mode))


def staging(root: Path, process: int) -> str:
    """Where a process has the second name of a file for a moment, beside the artifacts."""
    return f"{os.fspath(root)}.taking-{process}"


def note(notes: Path, name: str, entries: Iterable[Entry]) -> None:
    """Note what files were that have been made read-only, and one with their equals, before.

    Nothing happens where there is a note of that name. It is on the disk when this returns.

    Raises:
        OSError: it cannot be written.
    """
    file = notes / f"{_NOTES}{name}"
    if file.exists():
        return
    notes.mkdir(mode=0o700, exist_ok=True)
    put(file, map(line, entries))


def put(file: Path, parts: Iterable[bytes]) -> None:
    """Write a file that is there when all of it is on the disk, and not before.

    Raises:
        OSError: it cannot be written.
    """
    staged = file.with_name(f"{file.name}.new")
    with open(staged, "wb", opener=private) as writing:
        writing.writelines(parts)
        writing.flush()
        os.fsync(writing.fileno())
    staged.replace(file)


def clear_staging(root: Path) -> None:
    """Remove such names that a crash has left."""
    for left in root.parent.glob(f"{root.name}.taking-*"):
        with suppress(OSError):
            left.unlink()


def clear_notes(notes: Path) -> None:
    """Remove the notes: the lists say it all.

    Raises:
        OSError: they cannot be removed.
    """
    for left in notes.glob(f"{_NOTES}*"):
        left.unlink()


def is_alone(descriptor: int, *, silent: bool = False) -> bool | None:
    """Whether nobody has the file open for writing, or can have while it is open here.

    The kernel grants a read lease on such files alone (fcntl(2)), and has whoever wants to write
    wait for some time. ``None``: it grants none here, as on files of others. ``silent``: this
    process ignores SIGIO, so that nothing else need be done against it.
    """
    try:
        if not silent:
            # who would write makes it send us a signal: one that does nothing
            fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
    except BlockingIOError:
        return False
    except (AttributeError, OSError):  # no Linux, or not here
        return None
    return True


def _write(descriptor: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]
