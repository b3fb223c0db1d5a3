"""Kernel locks on files beside an environment, which may be removed once nobody needs them.

``flock`` locks belong to open files, not to processes: whoever inherits the descriptor holds the
lock too (flock(2)).
"""

from __future__ import annotations

import fcntl
import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_LABEL_BYTES = 200


def alone(path: Path) -> int | None:
    """The descriptor that holds the file for us alone; ``None`` while anybody else holds it.

    Raises:
        OSError: the file cannot be made or opened.
    """
    return _take(path, fcntl.LOCK_EX | fcntl.LOCK_NB)


def together(path: Path, *, wait: bool) -> int | None:
    """The same beside others who hold it so; ``None`` while somebody holds it alone.

    Raises:
        OSError: the file cannot be made or opened.
    """
    return _take(path, fcntl.LOCK_SH | (0 if wait else fcntl.LOCK_NB))


def _take(path: Path, how: int) -> int | None:
    while True:
        descriptor = _open(path)
        try:
            fcntl.flock(descriptor, how)
            if _is(descriptor, path):
                return descriptor
        except BlockingIOError:
            os.close(descriptor)
            return None
        except BaseException:
            os.close(descriptor)
            raise
        # whoever held it has removed the file: the lock is on one that nobody else can open
        os.close(descriptor)


def _open(path: Path) -> int:
    """Reading is enough for a lock, and all that a cache which cannot be written allows."""
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError:
        if not path.exists():
            raise
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC)


def _is(descriptor: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(descriptor), os.stat(path))
    except FileNotFoundError:
        return False


def write_label(descriptor: int, text: str) -> None:
    """Say something to who waits for the lock. It is shown to people, and never believed.

    Nothing is said where there is no room for it.
    """
    with suppress(OSError):
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, text.encode(errors="replace")[:_LABEL_BYTES], 0)


def read_label(path: Path) -> str:
    """What the holder says; empty where nothing can be read."""
    try:
        with path.open("rb") as file:
            said = file.read(_LABEL_BYTES).decode(errors="replace")
    except OSError:
        return ""
    return "".join(char for char in said if char.isprintable())
