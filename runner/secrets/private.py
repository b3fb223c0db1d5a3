"""A folder of files that only their owner can read: refused where that is not so.

What another user could have put there, or can read, is neither read nor written: a folder or a
file of somebody else's, a link, or modes that let others in. Modes are right from the first
instant, whatever the umask.
"""

from __future__ import annotations

import fcntl
import os
import stat
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.errors import STORAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_OTHERS = 0o077


@contextmanager
def opened(folder: Path, *, make: bool = False) -> Iterator[int | None]:
    """The folder as a descriptor, or ``None`` if there is none; with ``make`` it is made.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be used as it is.
    """
    if make:
        _make(folder)
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    except FileNotFoundError:
        yield None
        return
    except OSError as error:
        if folder.is_symlink():
            raise _refused(folder, "is a link", f"put a folder of mode 700 at {folder}") from None
        raise _failed(folder, "read", error) from error
    try:
        _check(descriptor, folder, 0o700)
        yield descriptor
    finally:
        os.close(descriptor)


def take_turn(folder: int) -> None:
    """Wait until nobody else writes into the folder; until it is closed."""
    fcntl.flock(folder, fcntl.LOCK_EX)


def read(folder: int, path: Path) -> bytes | None:
    """A file of the folder, or ``None`` if there is none. ``path`` is the whole of it.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be used as it is.
    """
    flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    try:
        descriptor = os.open(path.name, flags, dir_fd=folder)
    except FileNotFoundError:
        return None
    except OSError as error:
        if path.is_symlink():
            raise _refused(path, "is a link", f"put a file of mode 600 at {path}") from None
        raise _failed(path, "read", error) from error
    with open(descriptor, "rb") as file:
        _check(descriptor, path, 0o600)
        return file.read()


def replace(folder: int, path: Path, content: bytes) -> None:
    """Write a file of the folder whole, or leave what was there.

    Raises:
        WfError: kind ``STORAGE`` when it cannot be written.
    """
    staged = f"{path.name}.new"
    try:
        remove(folder, staged)  # what a killed command left
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        descriptor = os.open(staged, flags, 0o600, dir_fd=folder)
        with open(descriptor, "wb") as file:
            os.fchmod(descriptor, 0o600)  # a umask may have taken even more away
            file.write(content)
            file.flush()
            os.fsync(descriptor)
        os.replace(staged, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        os.fsync(folder)
    except OSError as error:
        raise _failed(path, "written", error) from error


def remove(folder: int, name: str) -> None:
    """Remove a file of the folder, if it is there.

    Raises:
        OSError: it cannot be removed.
    """
    try:
        os.unlink(name, dir_fd=folder)
    except FileNotFoundError:
        return


def _make(folder: Path) -> None:
    try:
        folder.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            os.mkdir(folder, 0o700)
        except FileExistsError:
            return
        os.chmod(folder, 0o700)  # the same umask
    except OSError as error:
        raise _failed(folder, "made", error) from error


def _check(descriptor: int, path: Path, mode: int) -> None:
    found = os.fstat(descriptor)
    if not (stat.S_ISREG(found.st_mode) or stat.S_ISDIR(found.st_mode)):
        raise _refused(path, "is no regular file", f"remove it: rm {path}")
    if found.st_uid != os.geteuid():
        whose = f"belongs to user {found.st_uid}, and you are user {os.geteuid()}"
        raise _refused(path, whose, f"remove it, or take it over: chown {os.geteuid()} {path}")
    if found.st_mode & _OTHERS:
        whose = f"can be reached by others (mode {stat.S_IMODE(found.st_mode):o})"
        raise _refused(path, whose, f"chmod {mode:o} {path}, and then change what was in it")


def _refused(path: Path, why: str, hint: str) -> WfError:
    return WfError(STORAGE, f"{path}, where secrets are kept, {why}", hint=hint)


def _failed(path: Path, what: str, error: OSError) -> WfError:
    return WfError(STORAGE, f"{path} cannot be {what}: {error.strerror}")
