"""A part of an open file, read from its beginning; nothing beyond its end is ever given out."""

from __future__ import annotations

import os
from typing import BinaryIO

STRETCH = 1 << 20
"""The most bytes that are asked for at once: a claim of more is met piece by piece."""


class Damaged(ValueError):  # noqa: N818 - it names what was found, as Unreadable would
    """A file is not what it seems to be; the message says why, in a sentence without its name."""


class Window:
    """Bytes ``start`` to ``start + length`` of a file, as far as the file has them.

    The file must not be moved by others while the window is read.
    """

    def __init__(self, file: BinaryIO, start: int = 0, length: int | None = None) -> None:
        end = size_of(file)
        self._file = file
        self._left = max(end - start, 0) if length is None else max(min(length, end - start), 0)
        self._at = start
        file.seek(min(start, end))

    @property
    def at(self) -> int:
        """Where in the file the next byte stands."""
        return self._at

    @property
    def left(self) -> int:
        """How many bytes there are still."""
        return self._left

    def take(self, length: int) -> bytes:
        """The next bytes.

        Raises:
            Damaged: there are fewer, or more were asked for than fit into memory well.
        """
        if length > self._left or length < 0:
            raise Damaged("it ends too early: it was cut off, or is damaged")
        if length > STRETCH:
            raise Damaged(f"it claims {length:,} bytes in one piece, which is more than wf reads")
        found = self._file.read(length)
        if len(found) < length:
            raise Damaged("it became shorter while it was read")
        self._at += length
        self._left -= length
        return found

    def skip(self, length: int) -> None:
        """Leave bytes out.

        Raises:
            Damaged: there are fewer.
        """
        if length > self._left or length < 0:
            raise Damaged("it ends too early: it was cut off, or is damaged")
        self._file.seek(length, os.SEEK_CUR)
        self._at += length
        self._left -= length

    def line(self) -> bytes:
        """The bytes up to the next line feed, which is left out.

        Raises:
            Damaged: there is none, or not soon.
        """
        found = self._file.readline(min(self._left, STRETCH))
        self._at += len(found)
        self._left -= len(found)
        if not found.endswith(b"\n"):
            raise Damaged("a line of it does not end")
        return found[:-1]


def size_of(file: BinaryIO) -> int:
    """How many bytes a file has."""
    return file.seek(0, os.SEEK_END)
