"""What is done to one file after the other when artifacts are taken in, by whoever does it.

First each is looked at (:meth:`Taker.look`): hashed, and made a file of its own where something
outside could still change it. When all of that is on the disk, each is shared
(:meth:`Taker.share`): made read-only, and one with its equals.
"""

from __future__ import annotations

import fcntl
import os
import signal
import stat
from contextlib import suppress
from typing import TYPE_CHECKING, Literal, NamedTuple

from runner.artifacts.descent import Descent, open_file
from runner.artifacts.hashing import Hasher
from runner.artifacts.manifest import Kind, stored
from runner.artifacts.store import Candidate, Pool, read_only

if TYPE_CHECKING:
    from pathlib import Path

_PERMISSIONS = 0o777  # without set-id and sticky bits
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


class Seen(NamedTuple):
    """What something was found to be: an entry of a list, with its ``digest`` in hex.

    ``note``: it was written to meanwhile; it is gone; it is no file; it cannot be read, for the
    error with the number ``error``. Only the first of them is kept.
    """

    path: str
    kind: Kind = "file"
    bytes: int = 0
    digest: str = ""
    mode: int = 0
    modified: int = 0
    note: Literal["", "changed", "gone", "special", "unreadable"] = ""
    error: int = 0


class Taker:
    """Takes in what lies below ``root``, the folder of a run's artifacts.

    Raises:
        OSError: that cannot be opened.
    """

    def __init__(self, root: Path, pool: Pool) -> None:
        self._folders = Descent(root)
        self._pool = pool
        self._hasher = Hasher()
        self._staged = staging(root, os.getpid())

    def close(self) -> None:
        """It is not used any more."""
        self._folders.close()

    def look(self, path: str, kind: Kind) -> Seen:
        """What is there."""
        above, _, name = stored(path).rpartition("/")
        try:
            folder = self._folders.at(above)
            if kind == "file":
                return self._look_at_file(path, name, folder)
            found = os.stat(name, dir_fd=folder, follow_symlinks=False)
            said = os.fsencode(os.readlink(name, dir_fd=folder)) if kind == "link" else b""
        except OSError as error:
            return _unread(path, error)
        mode = stat.S_IMODE(found.st_mode) & _PERMISSIONS
        return Seen(path, kind, 0, self._hasher.text(said), mode, found.st_mtime_ns)

    def _look_at_file(self, path: str, name: str, folder: int) -> Seen:
        descriptor, found = open_file(name, folder)
        try:
            if not stat.S_ISREG(found.st_mode):
                return Seen(path, note="special")
            size, digest = self._hasher.read(descriptor, found)
            mode = stat.S_IMODE(found.st_mode) & _PERMISSIONS
            seen = Seen(path, "file", size, digest, mode, found.st_mtime_ns)
            file = Candidate(name, folder, found, digest)
            after = os.fstat(descriptor)
            if (size, found.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
                return self._part(seen, file, descriptor, mode)._replace(note="changed")
            # somebody else could change what is theirs, and by another name somebody outside may
            foreign = found.st_uid != os.geteuid()
            if foreign or (found.st_nlink > 1 and not self._pool.holds(found, digest)):
                return self._part(seen, file, descriptor, mode)
            return seen
        finally:
            os.close(descriptor)

    def share(self, seen: Seen) -> Seen | None:
        """Make a file read-only and one with its equals; what it is then, if it has changed."""
        above, _, name = stored(seen.path).rpartition("/")
        try:
            folder = self._folders.at(above)
            descriptor, found = open_file(name, folder)
        except OSError as error:
            return _unread(seen.path, error)
        try:
            return self._share(seen, Candidate(name, folder, found, seen.digest), descriptor)
        except OSError as error:
            return _unread(seen.path, error)
        finally:
            os.close(descriptor)

    def _share(self, seen: Seen, file: Candidate, descriptor: int) -> Seen | None:
        mode, found = read_only(seen.mode), file.found
        os.fchmod(descriptor, mode)
        if found.st_nlink > 1 and self._pool.is_object(found, seen.digest):
            return None
        changed = (found.st_size, found.st_mtime_ns) != (seen.bytes, seen.modified)
        if changed or _written(descriptor):
            parted = self._part(seen, file, descriptor, mode)
            if parted != seen:
                return parted._replace(note="changed")
        elif seen.bytes:
            self._pool.share(file, self._staged)
        return None

    def _part(self, seen: Seen, file: Candidate, descriptor: int, mode: int) -> Seen:
        """Put a copy in the place of a file that something outside may write to; what it is."""
        with suppress(FileNotFoundError):
            os.unlink(self._staged)
        copy = os.open(self._staged, _NEW, 0o600)
        try:
            os.lseek(descriptor, 0, os.SEEK_SET)
            found = os.fstat(descriptor)
            size, digest = self._hasher.read(descriptor, found, copy)
            os.fchmod(copy, mode)
            os.utime(copy, ns=(found.st_atime_ns, found.st_mtime_ns))
            os.replace(self._staged, file.name, dst_dir_fd=file.folder)
        except OSError:
            with suppress(OSError):
                os.unlink(self._staged)
            raise
        finally:
            os.close(copy)
        return seen._replace(bytes=size, digest=digest, modified=found.st_mtime_ns)


def staging(root: Path, process: int) -> str:
    """Where a process has the second name of a file for a moment, beside the artifacts."""
    return f"{os.fspath(root)}.taking-{process}"


def clear_staging(root: Path) -> None:
    """Remove such names that a crash has left."""
    for left in root.parent.glob(f"{root.name}.taking-*"):
        with suppress(OSError):
            left.unlink()


def _written(descriptor: int) -> bool:
    """Whether somebody has the file open for writing, as far as can be told.

    The kernel grants a read lease on those alone that nobody has (fcntl(2)).
    """
    if not hasattr(fcntl, "F_SETLEASE"):  # no Linux
        return False
    try:
        # whoever opens it in this very moment has us told: with a signal that does nothing
        fcntl.fcntl(descriptor, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(descriptor, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except BlockingIOError:
        return True
    except OSError:  # not here, or not on files of others
        return False
    return False


def _unread(path: str, error: OSError) -> Seen:
    if isinstance(error, FileNotFoundError):
        return Seen(path, note="gone")
    return Seen(path, note="unreadable", error=error.errno or 0)
