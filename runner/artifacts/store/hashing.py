"""Digests of files: every byte of them, and holes as the zeros that a reader finds there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.content import allocated, ranges

if TYPE_CHECKING:
    from blake3 import blake3 as Blake3  # noqa: N812 - a class, whatever its name

_CHUNK = 1 << 20
_SMALL = 1 << 16


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

    def holds(self, descriptor: int, found: os.stat_result, digest: str) -> bool:
        """Whether a file has the content with this digest (hex), and nobody writes to it meanwhile.

        Raises:
            OSError: it cannot be read.
        """
        if self.read(descriptor, found)[1] != digest:
            return False
        after = os.fstat(descriptor)
        return (after.st_size, after.st_mtime_ns) == (found.st_size, found.st_mtime_ns)

    def read(
        self, descriptor: int, found: os.stat_result, copy: int | None = None
    ) -> tuple[int, str]:
        """How many bytes a file has, from its beginning on, and their digest in hex.

        ``found`` is what it was when it was opened. What is read is written to ``copy`` as well,
        an empty file: holes stay holes.

        Raises:
            OSError: it cannot be read, or the copy cannot be written.
        """
        size = found.st_size
        if size <= _SMALL and copy is None:  # most files are small
            data = os.read(descriptor, size + 1)
            if len(data) == size:
                return size, self._hasher(data).hexdigest()
            os.lseek(descriptor, 0, os.SEEK_SET)
        if not found.st_size or allocated(found) >= found.st_size:
            return self._whole(descriptor, copy)
        hasher, at = self._hasher(), 0
        for start, length in ranges(descriptor, found):
            self._skip(hasher, start - at)
            at, end = start, start + length
            os.lseek(descriptor, start, os.SEEK_SET)
            while at < end and (count := self._next(descriptor, end - at)):
                hasher.update(self._buffer[:count])
                if copy is not None:
                    _write(copy, self._buffer[:count], at)
                at += count
            if at < end:  # it has become shorter
                break
        else:
            self._skip(hasher, found.st_size - at)
            at = found.st_size
        if copy is not None:
            os.ftruncate(copy, at)
        return at, hasher.hexdigest()

    def _whole(self, descriptor: int, copy: int | None) -> tuple[int, str]:
        hasher, size = self._hasher(), 0
        while length := os.readv(descriptor, [self._buffer]):
            hasher.update(self._buffer[:length])
            if copy is not None:
                _write(copy, self._buffer[:length], size)
            size += length
        return size, hasher.hexdigest()

    def _next(self, descriptor: int, most: int) -> int:
        return os.readv(descriptor, [self._buffer[:most]])

    def _skip(self, hasher: Blake3, size: int) -> None:
        while size > 0:
            length = min(size, _CHUNK)
            hasher.update(self._zeros if length == _CHUNK else self._zeros[:length])
            size -= length


def _write(descriptor: int, data: memoryview, at: int) -> None:
    while data:
        done = os.pwrite(descriptor, data, at)
        data, at = data[done:], at + done
