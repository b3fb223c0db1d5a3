"""What of a container's output has been handed on to the log, wherever wf is killed.

It stands in memory that is shared with the process which takes over (``relief`` in
``executors/interface.py``), and in a file of the run's folder besides, for who finds a run that
nobody took over: there, only numbers.
"""

from __future__ import annotations

import mmap
import os
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.frames import STDERR
from runner.process.sink import position

if TYPE_CHECKING:
    from pathlib import Path

    from runner.process.sink import Sink

_CHUNK = 1 << 20
# as much as a sink in front of the log holds back
_MARK = 1 << 16
_PAGE = 4096
# of both streams, and where the log ended then; twice, and which of the two holds
_SLOT = struct.Struct("<QQQ")
_ACTIVE, _SLOTS = 0, (64, 128)
# what was taken next: a stream and so many bytes; and after which of the two that was, from 1
_TAKEN = struct.Struct("<QQQ")
_VALID, _TAKEN_AT = 1, 192
# how it ended: that it did, a code, and whether it ran out of memory
_END, _END_AT = struct.Struct("<?i?"), 256
_LENGTH = struct.Struct("<I")


class Handed(NamedTuple):
    """How many bytes of each stream are in the log, or on their way into it."""

    stdout: int = 0
    stderr: int = 0

    def of(self, stream: int) -> int:
        """Of one of them."""
        return self.stderr if stream == STDERR else self.stdout

    def and_more(self, stream: int, size: int) -> Handed:
        """After so many more of one of them."""
        if stream == STDERR:
            return Handed(self.stdout, self.stderr + size)
        return Handed(self.stdout + size, self.stderr)


class End(NamedTuple):
    """How who wrote it has ended, in the words of its daemon."""

    code: int
    out_of_memory: bool


class Passage:
    """The way of a container's output to its log.

    What comes is read into ``buffer``. :meth:`resume` is for a process that was forked from the one
    that made this, which has ended since.
    """

    def __init__(self, log: Sink, book: Path | None = None, handed: Handed | None = None) -> None:
        """``book`` is the file for the numbers; without one, or on a full disk, there is none.

        One that is there tells of another output, a former attempt's, and gives way.
        ``handed`` is what is in the log already.
        """
        self.handed = handed or Handed()
        self._log = log
        self._book = _mapped(book)
        self._marks = mmap.mmap(-1, 2 * _MARK)
        self.buffer = memoryview(mmap.mmap(-1, _CHUNK))
        self._active = 0
        self._note()

    def hand_on(self, stream: int, start: int, end: int) -> None:
        """The log takes this part of the buffer, which came from that stream."""
        self._book[_VALID] = 0
        _TAKEN.pack_into(self._book, _TAKEN_AT, stream, start, end)
        self._book[_VALID] = self._active + 1
        self._log.write(self.buffer[start:end])
        self.handed = self.handed.and_more(stream, end - start)
        self._note()

    @property
    def end(self) -> End | None:
        """How it ended, as whoever saw that has noted; before it was removed, say."""
        return _end(self._book)

    @end.setter
    def end(self, end: End) -> None:
        _END.pack_into(self._book, _END_AT, False, *end)  # noqa: FBT003 - the layout's
        self._book[_END_AT] = True

    def resume(self) -> bool:
        """Go on where the other process was killed; whether that is known."""
        self._active = self._book[_ACTIVE]
        mark = self._marks[self._active * _MARK :][:_MARK]
        (size,) = _LENGTH.unpack_from(mark)
        if not size:
            return False
        *handed, _ = _SLOT.unpack_from(self._book, _SLOTS[self._active])
        self.handed = Handed(*handed)
        self._log.go_on(mark[_LENGTH.size :][:size])
        if self._book[_VALID] == self._active + 1:
            stream, start, end = _TAKEN.unpack_from(self._book, _TAKEN_AT)
            self.hand_on(stream, start, end)
        return True

    def _note(self) -> None:
        """First the other one of the two, then, with one byte, that it holds."""
        other, mark = 1 - self._active, self._log.mark()
        at, size = other * _MARK, len(mark)
        fits = size <= _MARK - _LENGTH.size  # secrets that are longer are rare
        if fits:
            self._marks[at + _LENGTH.size : at + _LENGTH.size + size] = mark
        _LENGTH.pack_into(self._marks, at, size if fits else 0)
        _SLOT.pack_into(self._book, _SLOTS[other], *self.handed, position(mark))
        self._book[_ACTIVE] = self._active = other


def read(book: Path, log_size: int) -> Handed | None:
    """What is in a log of that size, by the file that the process which wrote it has left.

    ``None``: that is not known.
    """
    try:
        said = book.read_bytes()
        *counts, at = _SLOT.unpack_from(said, _SLOTS[said[_ACTIVE]])
        handed = Handed(*counts)
        if said[_VALID] == said[_ACTIVE] + 1:
            stream, start, end = _TAKEN.unpack_from(said, _TAKEN_AT)
            return handed.and_more(stream, min(max(0, log_size - at), end - start))
    except (OSError, IndexError, struct.error):
        return None
    return handed


def read_end(book: Path) -> End | None:
    """How it ended, where that was noted in this file."""
    try:
        return _end(book.read_bytes())
    except (OSError, struct.error):
        return None


def _end(book: bytes | mmap.mmap) -> End | None:
    known, code, out_of_memory = _END.unpack_from(book, _END_AT)
    return End(code, out_of_memory) if known else None


def _mapped(book: Path | None) -> mmap.mmap:
    if book is not None:
        with suppress(OSError):
            book.unlink(missing_ok=True)
            descriptor = os.open(book, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
            try:
                # room now: a page that finds none later ends the process
                os.posix_fallocate(descriptor, 0, _PAGE)
                return mmap.mmap(descriptor, _PAGE)
            finally:
                os.close(descriptor)
    return mmap.mmap(-1, _PAGE)
