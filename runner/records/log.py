"""Reading a run's log: its bytes from any point, to its end or as long as it grows."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

_CHUNK = 1 << 20
# the records of `log.times`, see `runner.process.sink`
_TIME_BYTES = 16
# bytes that were written less than this after a time was noted have none of their own
_BETWEEN_TIMES_MS = 1000
# what a line before a point is looked for in
_LINE_BYTES = 1 << 16


class Log:
    """``with Log(path) as log:`` reads the file ``path``, once there is one.

    It stays the same file, whatever is put in its place meanwhile.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def size(self) -> int:
        """How many bytes are in it now."""
        log = self._opened()
        return 0 if log is None else os.fstat(log).st_size

    def read(self, start: int, end: int) -> bytes:
        """The bytes from ``start`` to ``end``; fewer where the file ends before."""
        log = self._opened()
        start = max(start, 0)
        return b"" if log is None else os.pread(log, max(end - start, 0), start)

    def pieces(self, start: int, end: int) -> Iterator[bytes]:
        """The bytes from ``start`` to ``end``, some at a time."""
        while start < end and (piece := self.read(start, min(end, start + _CHUNK))):
            start += len(piece)
            yield piece

    def send(self, out: int, start: int) -> int:
        """Write everything from byte ``start`` on to a descriptor; where the next byte will be.

        Raises:
            OSError: ``out`` cannot be written; nobody reads any more, most likely.
        """
        log = self._opened()
        return start if log is None else _send(log, out, start)

    def before(self, end: int, lines: int, floor: int = 0) -> int:
        """Where the last ``lines`` lines before ``end`` begin, and not before ``floor``.

        A line that has no end yet is one, too. Read is no more than these lines take.
        """
        if lines <= 0 or end <= floor:
            return end
        # the last byte ends the last line, or is in it
        position, wanted = end - 1, lines
        while position > floor:
            start = max(floor, position - _LINE_BYTES)
            piece = self.read(start, position)
            found = piece.count(b"\n")
            if found >= wanted:
                at = len(piece)
                for _ in range(wanted):
                    at = piece.rindex(b"\n", 0, at)
                return start + at + 1
            wanted -= found
            position = start
        return floor

    def line_at(self, position: int) -> int:
        """Where the line begins in which a byte stands; the byte itself, if that is far away."""
        start = max(0, position - _LINE_BYTES)
        before = self.read(start, position)
        found = before.rfind(b"\n")
        if found < 0:
            return position if start else 0
        return start + found + 1

    def _opened(self) -> int | None:
        if self._descriptor is None:
            try:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            except FileNotFoundError:
                return None
        return self._descriptor


def since(times: Path, moment: int, end: int) -> int | None:
    """The first byte of a log that may have been written at ``moment`` or later.

    ``moment`` is in milliseconds since the epoch, ``end`` the size of the log. What was written up
    to a second before may come with it, and nothing that came later is missing. ``None`` where it
    was not noted when bytes were written. Read are some records, however many there are.
    """
    try:
        file = os.open(times, os.O_RDONLY | os.O_CLOEXEC)
    except FileNotFoundError:
        return None
    try:
        first, last = 0, os.fstat(file).st_size // _TIME_BYTES
        if not last:
            return None
        beyond = last
        while first < last:
            middle = (first + last) // 2
            record = os.pread(file, 8, middle * _TIME_BYTES)
            if int.from_bytes(record, "little") + _BETWEEN_TIMES_MS > moment:
                last = middle
            else:
                first = middle + 1
        if first == beyond:
            return end
        offset = int.from_bytes(os.pread(file, 8, first * _TIME_BYTES + 8), "little")
        return min(offset, end)
    finally:
        os.close(file)


def _send(log: int, out: int, start: int) -> int:
    """In the kernel, where ``out`` can be sent to in that way; else by reading and writing."""
    position = start
    try:
        while sent := os.sendfile(out, log, position, _CHUNK):
            position += sent
    except OSError:
        # not every file can be sent to; one that cannot be written at all says so below
        while chunk := os.pread(log, _CHUNK, position):
            write_all(out, chunk)
            position += len(chunk)
    return position


def write_all(out: int, content: bytes) -> None:
    """Write all of it, however little is taken at a time.

    Raises:
        OSError: it cannot be written.
    """
    view = memoryview(content)
    while view:
        view = view[os.write(out, view) :]
