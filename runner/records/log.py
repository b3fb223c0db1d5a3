"""Reading a run's log: its bytes from any point, to its end or as long as it grows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

_CHUNK = 1 << 16


def chunks(path: Path, start: int = 0) -> Iterator[bytes]:
    """The log from byte ``start`` to where it ends now; nothing if there is no log."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return
    try:
        os.lseek(descriptor, start, os.SEEK_SET)
        while chunk := os.read(descriptor, _CHUNK):
            yield chunk
    finally:
        os.close(descriptor)


def follow(path: Path, more: Callable[[], bool], start: int = 0) -> Iterator[bytes]:
    """The log from byte ``start``, and what is added to it.

    ``more`` waits until there may be more and answers whether to go on; what was written before
    it said no is still handed on.
    """
    position, going = start, True
    while going:
        going = more()
        for chunk in chunks(path, position):
            position += len(chunk)
            yield chunk
