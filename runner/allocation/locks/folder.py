"""The lock folder: one for everybody on the machine, and nobody in it is trusted.

It is flat, and root's (``/run/lock``) or made with the sticky bit, so that nobody removes the files
of somebody else. Nothing is opened that is not a plain file with one name. Who owns a file is told
by the kernel; what stands in it is that user's word.
"""

from __future__ import annotations

import errno
import json
import os
import stat
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple

from runner.allocation.locks import ofd
from runner.allocation.locks.unusable import explained, planted, unusable

MOUNTS = Path("/proc/self/mountinfo")
# locks on these are not those of one machine's kernel, or none at all
_NETWORK = (
    *("nfs", "nfs4", "cifs", "smb2", "smb3", "smbfs", "ceph", "lustre", "gpfs", "beegfs", "afs"),
    *("glusterfs", "orangefs", "pvfs2", "fuse.ceph", "fuse.glusterfs", "fuse.juicefs"),
    *("fuse.s3fs", "fuse.sshfs"),
)
_FOLDER_MODE = 0o1777
# everybody takes locks in a shared file; only its owner can hold one of a person's own
_SHARED_MODE = 0o666
_OWN_MODE = 0o644
_FLAGS = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_LONGEST = 1 << 14
_SEAL = 8
_TRIES = 16
# a file that is being rewritten is read again
_READS = 4


class Seen(NamedTuple):
    """What was found in somebody's file. ``held``: a process that may write to it holds it."""

    name: str
    uid: int
    held: bool
    said: dict[str, Any]


class LockFolder:
    """The files of one lock folder; ``mounts`` tells of file systems as mountinfo of proc(5)."""

    def __init__(self, path: Path, mounts: Path = MOUNTS) -> None:
        self.path = path
        self._mounts = mounts

    def prepare(self) -> None:
        """Make the folder if there is none, and see whether it can serve.

        Raises:
            WfError: kind ``STORAGE``: it cannot.
        """
        with explained(self.path):
            with suppress(FileExistsError):
                _make(self.path)
            found = os.stat(self.path)
        if not stat.S_ISDIR(found.st_mode):
            raise unusable(f"{self.path} is no folder")
        if found.st_mode & stat.S_IWOTH and not found.st_mode & stat.S_ISVTX:
            raise unusable(
                f"everybody may remove the files of others in {self.path}",
                f"its owner sets the sticky bit: chmod 1777 {self.path}",
            )
        kind = file_system(self._read_mounts(), found.st_dev)
        if kind in _NETWORK:
            raise unusable(
                f"{self.path} lies on a network file system ({kind})",
                "WF_LOCKS must name a folder on a disk of this machine, the same for everybody",
            )

    def names(self, prefix: str) -> list[str]:
        """The names there that begin so, in order; none if there is no folder.

        Raises:
            WfError: kind ``STORAGE``: it cannot be read.
        """
        with explained(self.path):
            try:
                return sorted(name for name in os.listdir(self.path) if name.startswith(prefix))
            except FileNotFoundError:
                return []

    def changed(self) -> int:
        """When a file was last made or removed there, in the file system's own count.

        Raises:
            WfError: kind ``STORAGE``: the folder is gone.
        """
        with explained(self.path):
            return os.stat(self.path).st_mtime_ns

    def shared(self, name: str) -> int:
        """Open a file that everybody takes locks in, and make it if there is none.

        First without O_CREAT: in a sticky folder the kernel refuses to open another user's file
        with that flag (fs.protected_regular, sysctl(5)).

        Raises:
            WfError: kind ``STORAGE``: something else has that name, or it cannot be made.
        """
        for _ in range(_TRIES):
            with explained(self.path / name):
                try:
                    descriptor = os.open(self.path / name, os.O_RDWR | _FLAGS)
                except FileNotFoundError:
                    descriptor = self._make_shared(name)
            found = os.fstat(descriptor)
            if _is_plain(found):
                return descriptor
            os.close(descriptor)
            if found.st_nlink:
                break
        raise planted(self.path / name) or unusable(f"{self.path / name} is no plain file")

    def is_there(self, name: str, descriptor: int) -> bool:
        """Whether the name still stands for the open file."""
        try:
            there = os.lstat(self.path / name)
        except FileNotFoundError:
            return False
        return os.path.samestat(there, os.fstat(descriptor))

    def own(self, prefix: str, content: bytes) -> tuple[str, int]:
        """Make a file of the user's own that is held through the descriptor returned.

        Only its owner can open it for writing, which holding it needs. Its content can be read
        from the moment it is held.

        Raises:
            WfError: kind ``STORAGE``: it cannot be made or written.
        """
        for _ in range(_TRIES):
            name = prefix + os.urandom(4).hex()
            with explained(self.path / name), suppress(FileExistsError):
                flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
                descriptor = os.open(self.path / name, flags, 0o600)
                if self._filled(name, descriptor, content):
                    return name, descriptor
        raise unusable(f"{self.path} gives no name to a file")

    def seen(self, name: str) -> Seen | None:
        """Look at a file of somebody's own; ``None`` if it is gone, or something else."""
        descriptor = self._opened(name, os.O_RDONLY)
        if descriptor is None:
            return None
        try:
            held = ofd.is_file_held(descriptor)
            said = _read(descriptor)
            return Seen(name, os.fstat(descriptor).st_uid, held, said)
        except OSError:  # it cannot be locked, or read: nobody's
            return None
        finally:
            os.close(descriptor)

    def is_held(self, name: str) -> bool:
        """Whether somebody's own file is there and held."""
        descriptor = self._opened(name, os.O_RDONLY)
        if descriptor is None:
            return False
        try:
            return ofd.is_file_held(descriptor)
        except OSError:
            return False
        finally:
            os.close(descriptor)

    def wait_for(self, name: str) -> None:
        """Sleep until nobody holds somebody's own file; at once if it is none."""
        descriptor = self._opened(name, os.O_RDONLY)
        if descriptor is not None:
            with suppress(OSError):
                ofd.wait_for_file(descriptor)
            os.close(descriptor)

    def sweep(self, name: str) -> None:
        """Remove a file of the user's own that nobody holds any more; nothing else."""
        descriptor = self._opened(name, os.O_RDWR)
        if descriptor is None:
            return
        with suppress(OSError):
            if ofd.hold_file(descriptor) and self.is_there(name, descriptor):
                os.unlink(self.path / name)
        os.close(descriptor)

    def remove(self, name: str) -> None:
        """Remove a file of the user's own; it may be gone."""
        with suppress(OSError):
            os.unlink(self.path / name)

    def _make_shared(self, name: str) -> int:
        flags = os.O_RDWR | os.O_CREAT | os.O_EXCL | _FLAGS
        try:
            descriptor = os.open(self.path / name, flags, _SHARED_MODE)
        except FileExistsError:
            return os.open(self.path / name, os.O_RDWR | _FLAGS)
        os.fchmod(descriptor, _SHARED_MODE)
        return descriptor

    def _filled(self, name: str, descriptor: int, content: bytes) -> bool:
        """Write to a new file, hold it and show it; whether it is still there then."""
        try:
            held = ofd.hold_file(descriptor)
            write(descriptor, content)
            os.fchmod(descriptor, _OWN_MODE)
            if held and self.is_there(name, descriptor):
                return True
        except BaseException:
            self.remove(name)
            os.close(descriptor)
            raise
        os.close(descriptor)  # it looked like one that was left behind, and was swept
        return False

    def _opened(self, name: str, how: int) -> int | None:
        """Open a file that anybody may have planted."""
        try:
            descriptor = os.open(self.path / name, how | _FLAGS)
        except OSError:
            return None
        if _is_plain(os.fstat(descriptor)):
            return descriptor
        os.close(descriptor)
        return None

    def _read_mounts(self) -> str:
        try:
            with open(self._mounts, encoding="utf-8", errors="replace") as file:
                return file.read()
        except OSError:  # not Linux
            return ""


def _make(path: Path) -> None:
    """Make the folder, for everybody from its first moment on."""
    before = os.umask(0)  # which mkdir is subject to
    try:
        os.mkdir(path, _FOLDER_MODE)
    finally:
        os.umask(before)


def file_system(mounts: str, device: int) -> str | None:
    """The kind of file system that a device is mounted as, by a text as mountinfo of proc(5)."""
    number = f"{os.major(device)}:{os.minor(device)}"
    for line in mounts.splitlines():
        before, dash, behind = line.partition(" - ")
        if dash and number in before.split(maxsplit=3)[2:3]:
            return behind.split(maxsplit=1)[0]
    return None


def sealed(said: dict[str, Any]) -> bytes:
    """A document as it is kept: in one line, behind a sum that tells whether it is whole."""
    text = json.dumps(said, separators=(",", ":")).encode()
    content = b"%08x %s\n" % (zlib.crc32(text), text)
    if len(content) > _LONGEST:
        raise OverflowError
    return content


def write(descriptor: int, content: bytes) -> None:
    """Replace what stands in a file of the user's own."""
    if os.pwrite(descriptor, content, 0) < len(content):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
    os.ftruncate(descriptor, len(content))


def _is_plain(found: os.stat_result) -> bool:
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _read(descriptor: int) -> dict[str, Any]:
    """What stands in a file; nothing if it is not what :func:`sealed` made."""
    for _ in range(_READS):
        content = os.pread(descriptor, _LONGEST + 1, 0)
        text = content[_SEAL + 1 :].partition(b"\n")[0]
        if len(content) <= _LONGEST and content[:_SEAL] == b"%08x" % zlib.crc32(text):
            return _parsed(text)
    return {}


def _parsed(text: bytes) -> dict[str, Any]:
    try:
        said = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return said if isinstance(said, dict) else {}
