"""What is in many files, copied: the large ones in parts, by several threads at once."""

from __future__ import annotations

import os
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.giving.files import NotKeptError, require
from runner.content import Range, clone, pour, pour_range, ranges

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from concurrent.futures import Executor, Future
    from types import TracebackType

    from typing_extensions import Self

    from runner.artifacts.entries import Entry
    from runner.artifacts.giving.files import NewFile
    from runner.artifacts.store.hashing import Hasher

_LARGE = 8 << 20
_PART = 32 << 20
_THREADS = 4
# parts on their way: enough for all threads, and few files open at once
_AHEAD = 16


class Copy(NamedTuple):
    """A file that is being copied: where from, where to, with which mode and times (ns).

    Both descriptors belong to who copies it.
    """

    entry: Entry
    reading: int
    writing: NewFile
    mode: int
    times: tuple[int, int]

    def publish(self) -> None:
        """It is whole."""
        self.writing.publish(self.mode, self.times)

    def require(self, size: int, wanted: int) -> None:
        """See that so many bytes were there as are wanted of it, or of a part.

        Raises:
            NotKeptError: it has become shorter meanwhile.
        """
        if size != wanted:
            raise NotKeptError(self.entry.path)

    def close(self) -> None:
        """Let go of both files."""
        os.close(self.reading)
        self.writing.close()


class _Part(NamedTuple):
    """A part of a file that is being copied, and of how many bytes."""

    copy: Copy
    bytes: int
    poured: Future[int]


class Pourer:
    """``with Pourer(progress) as pourer:`` copies files; all are whole when the ``with`` is left.

    ``progress`` is told files and bytes so far. Files that share their blocks with what they are
    copied from are there at once, whatever their size. With a ``hasher`` each is compared with the
    digest of its entry, and read once for both.
    """

    def __init__(self, progress: Callable[[int, int], None], hasher: Hasher | None = None) -> None:
        self._progress = progress
        self._hasher = hasher
        self._files = self._bytes = 0
        self._pending: deque[_Part | Copy] = deque()
        self._executor: Executor | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        try:
            if kind is None:
                self._settle(0)
        finally:
            if self._executor is not None:
                self._executor.shutdown(cancel_futures=True)
            for pending in self._pending:
                if isinstance(pending, Copy):
                    pending.close()

    def add(self, copy: Copy) -> None:
        """Copy a file, now or soon.

        Raises:
            NotKeptError: it is not what was kept; it has not appeared.
            OSError: it, or one before it, cannot be read or written.
        """
        try:
            found = os.fstat(copy.reading)
            large = found.st_size >= _LARGE and self._hasher is None
            if not large or clone(copy.reading, copy.writing.descriptor):
                size = found.st_size if large else self._pour(copy, found)
                copy.publish()
                self.count(size)
                large = False
        except BaseException:
            copy.close()
            raise
        if large:
            self._divide(copy, found)
        else:
            copy.close()

    def count(self, size: int) -> None:
        """Something has been given, with so many bytes."""
        self._files += 1
        self._bytes += size
        self._progress(self._files, self._bytes)

    def _pour(self, copy: Copy, found: os.stat_result) -> int:
        """Copy a file in one go, and read it once for that if it is to be compared; its size."""
        if self._hasher is None:
            size = pour(copy.reading, copy.writing.descriptor)
            copy.require(size, found.st_size)
            return size
        cloned = found.st_size and clone(copy.reading, copy.writing.descriptor)
        written = None if cloned else copy.writing.descriptor
        size, digest = self._hasher.read(copy.reading, found, written)
        require(digest, copy.entry)
        return size

    def _divide(self, copy: Copy, found: os.stat_result) -> None:
        """Have a file copied in parts; it stands behind them itself, for their end."""
        executor = self._threads()
        try:
            os.ftruncate(copy.writing.descriptor, found.st_size)
            for part in _parts(copy.reading, found):
                writing = copy.writing.descriptor
                poured = executor.submit(pour_range, copy.reading, writing, part)
                self._pending.append(_Part(copy, part.length, poured))
                self._settle(_AHEAD)
        finally:
            self._pending.append(copy)

    def _settle(self, ahead: int) -> None:
        """Wait until no more than so many parts are on their way."""
        while len(self._pending) > ahead:
            first = self._pending[0]
            if isinstance(first, Copy):
                first.publish()
                first.close()
                self._files += 1
            else:
                size = first.poured.result()
                first.copy.require(size, first.bytes)
                self._bytes += size
            self._pending.popleft()
            self._progress(self._files, self._bytes)

    def _threads(self) -> Executor:
        if self._executor is None:
            from concurrent.futures import ThreadPoolExecutor

            self._executor = ThreadPoolExecutor(min(_THREADS, os.cpu_count() or 1))
        return self._executor


def _parts(reading: int, found: os.stat_result) -> Iterator[Range]:
    for begin, length in ranges(reading, found):
        for at in range(begin, begin + length, _PART):
            yield Range(at, min(_PART, begin + length - at))
