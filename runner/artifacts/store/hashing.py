"""Digests of files: every byte of them, and holes as the zeros that a reader finds there."""

from __future__ import annotations

import errno
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from blake3 import blake3 as Blake3  # noqa: N812 - a class, whatever its name

_CHUNK = 1 << 20
_BLOCK = 512  # of st_blocks, stat(2)


class Hasher:
    """Hashes open files, one after the other, through one buffer; holes are not read."""

    def __init__(self) -> None:
        from blake3 import blake3

        self._hasher = blake3
        self._buffer = memoryview(bytearray(_CHUNK))
        self._zeros = bytes(_CHUNK)

    def new(self) -> Blake3:
        """Something to be updated with bytes, which has their digest then."""
        return self._hasher()

    def text(self, data: bytes) -> str:
        """The digest of some bytes, in hex."""
        return self._hasher(data).hexdigest()

    def read(
        self, descriptor: int, found: os.stat_result, copy: int | None = None
    ) -> tuple[int, str]:
        """How many bytes a file has, from its beginning on, and their digest in hex.

        ``found`` is what it was when it was opened. What is read is written to ``copy`` as well,
        an empty file: holes stay holes.

        Raises:
            OSError: it cannot be read, or the copy cannot be written.
        """
        if not found.st_size or found.st_blocks * _BLOCK >= found.st_size:
            return self._whole(descriptor, found.st_size, copy)
        hasher, at = self._hasher(), 0
        for start, end in _stretches(descriptor, found.st_size):
            self._skip(hasher, start - at)
            at = start
            os.lseek(descriptor, start, os.SEEK_SET)
            while at < end and (length := self._next(descriptor, end - at)):
                hasher.update(self._buffer[:length])
                if copy is not None:
                    _write(copy, self._buffer[:length], at)
                at += length
            if at < end:  # it has become shorter
                break
        else:
            self._skip(hasher, found.st_size - at)
            at = found.st_size
        if copy is not None:
            os.ftruncate(copy, at)
        return at, hasher.hexdigest()

    def _whole(self, descriptor: int, expected: int, copy: int | None) -> tuple[int, str]:
        length = os.readv(descriptor, [self._buffer])
        if length == expected and copy is None:  # most files are small
            return length, self._hasher(self._buffer[:length]).hexdigest()
        hasher, size = self._hasher(), 0
        while length:
            hasher.update(self._buffer[:length])
            if copy is not None:
                _write(copy, self._buffer[:length], size)
            size += length
            length = os.readv(descriptor, [self._buffer])
        return size, hasher.hexdigest()

    def _next(self, descriptor: int, most: int) -> int:
        return os.readv(descriptor, [self._buffer[:most]])

    def _skip(self, hasher: Blake3, size: int) -> None:
        while size > 0:
            length = min(size, _CHUNK)
            hasher.update(self._zeros if length == _CHUNK else self._zeros[:length])
            size -= length


def _stretches(descriptor: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has data: from where to where."""
    at = 0
    while at < size:
        try:
            start = os.lseek(descriptor, at, os.SEEK_DATA)
            end = os.lseek(descriptor, start, os.SEEK_HOLE)
        except OSError as error:
            if error.errno == errno.ENXIO:  # nothing but a hole is left
                return
            yield at, size  # this file system does not tell
            return
        at = min(end, size)
        if start < size:
            yield start, at


def _write(descriptor: int, data: memoryview, at: int) -> None:
    while data:
        done = os.pwrite(descriptor, data, at)
        data, at = data[done:], at + done
