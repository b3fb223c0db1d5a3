"""Reading a run's log: its bytes from any point, to its end or as long as it grows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_CHUNK = 1 << 20


def read(path: Path) -> bytes:
    """The whole log as it is now; nothing if there is none."""
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return b""


def pour(path: Path, out: int, more: Callable[[], bool] = lambda: False, start: int = 0) -> None:
    """Write the log from byte ``start`` on to the descriptor ``out``, and what is added to it.

    ``more`` waits until there may be more and answers whether to go on; what was written before
    it said no is still handed on.

    Raises:
        OSError: ``out`` cannot be written; nobody reads any more, most likely.
    """
    position, going = start, True
    while going:
        going = more()
        position = _pour_from(path, out, position)


def _pour_from(path: Path, out: int, start: int) -> int:
    """Write everything from byte ``start`` on; where the next byte will be."""
    try:
        log = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return start
    try:
        return _send(log, out, start)
    finally:
        os.close(log)


def _send(log: int, out: int, start: int) -> int:
    """In the kernel, where ``out`` can be sent to in that way; else by reading and writing."""
    position = start
    try:
        while sent := os.sendfile(out, log, position, _CHUNK):
            position += sent
    except OSError:
        # not every file can be sent to; one that cannot be written at all says so below
        os.lseek(log, position, os.SEEK_SET)
        while chunk := os.read(log, _CHUNK):
            view = memoryview(chunk)
            while view:
                view = view[os.write(out, view) :]
            position += len(chunk)
    return position
