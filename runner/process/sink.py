"""Where a job's output goes: its log, and whatever is to happen to the bytes on their way there."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import Protocol

from runner.units import count

# a disk that was full is tried again this often at most: the job does not wait for it meanwhile
_TRY_AGAIN_SECONDS = 0.5
_BETWEEN_TIMES_MS = 1000
# milliseconds since the epoch, and the byte of the log; both little endian
_TIME_BYTES = 16


# a byte of the log
_MARK = 8


def position(mark: bytes) -> int:
    """Where the log itself ended when a sink in front of it gave this mark."""
    return int.from_bytes(mark[-_MARK:], "little")


class Sink(Protocol):
    """Takes a job's output, piece by piece; never in the job's way."""

    @property
    def error(self) -> str | None:
        """The log is incomplete, and why; ``None`` while it is whole."""
        ...

    def write(self, piece: memoryview, /) -> None:
        """Take the next piece. It is another one after the call. Must not raise."""
        ...

    def finish(self) -> None:
        """Nothing more comes. Must not raise."""
        ...

    def mark(self) -> bytes:
        """How far it is, for :meth:`go_on`; may hold parts of secrets, and is on no disk."""
        ...

    def go_on(self, mark: bytes, /) -> None:
        """Another process had a copy of this, and has ended: it gave the last ``mark``.

        It may have begun to write the piece that it took next, and that comes now, once more.
        """
        ...


class LogFile:
    """A log that is written as it comes, after what is in it, and which of its bytes came when.

    A log that cannot be written (a full disk, most likely) holds up nobody: what comes meanwhile is
    counted, and once there is room again a line in the log says how much is missing there.
    """

    def __init__(self, descriptor: int, times: str | None = None) -> None:
        """``descriptor`` is not closed. ``times`` is the file that :class:`_Times` writes."""
        self._descriptor = descriptor
        self._at = os.lseek(descriptor, 0, os.SEEK_END)
        self._times = _Times(times) if times is not None else None
        self._missing = 0
        self._lost = 0
        self._written = 0
        self._reason = ""
        self._next_try = 0.0
        self._removed = False

    @property
    def error(self) -> str | None:
        """How many bytes are missing in all, and why."""
        if self._lost:
            return f"{count(self._lost, 'byte')} of it could not be written: {self._reason}"
        return "it was removed while the job ran" if self._removed else None

    def write(self, piece: memoryview) -> None:
        """The job is never held up by a log that cannot be written."""
        if self._written:
            known = min(self._written, len(piece))
            self._written -= known
            piece = piece[known:]
        if self._missing and not self._marked():
            self._lose(len(piece))
            return
        self._note()
        try:
            while piece:
                written = os.write(self._descriptor, piece)
                self._at += written
                piece = piece[written:]
        except OSError as error:
            self._failed(error)
            self._lose(len(piece))

    def splice(self, source: int, most: int) -> int | None:
        """Move up to ``most`` bytes from the pipe ``source`` to the log, within the kernel.

        Returns how many there were, 0 at the pipe's end, and ``None`` if they cannot be moved in
        this way: then they are still in the pipe. It costs a copy less than :meth:`write`.
        """
        if self._missing:
            return None
        self._note()
        try:
            moved = os.splice(source, self._descriptor, most)
        except (AttributeError, OSError):  # the first where there is no such call
            return None
        self._at += moved
        return moved

    def finish(self) -> None:
        """Say what is still missing, and close the times."""
        if self._missing:
            self._next_try = 0.0
            self._marked()
        with suppress(OSError):
            self._removed = not os.fstat(self._descriptor).st_nlink
        if self._times is not None:
            self._times.close()

    def mark(self) -> bytes:
        """Where it ends."""
        return self._at.to_bytes(_MARK, "little")

    def go_on(self, mark: bytes) -> None:
        """What stands behind the mark is not written again."""
        self._at = os.lseek(self._descriptor, 0, os.SEEK_END)
        self._written = max(0, self._at - position(mark))

    def _note(self) -> None:
        if self._times is not None:
            self._times.note(self._at)

    def _failed(self, error: OSError) -> None:
        self._reason = error.strerror or str(error)
        self._next_try = time.monotonic() + _TRY_AGAIN_SECONDS

    def _lose(self, size: int) -> None:
        self._missing += size
        self._lost += size

    def _marked(self) -> bool:
        """Write down what is missing; whether there is room for it, all of it."""
        if time.monotonic() < self._next_try:
            return False
        missing = f"{count(self._missing, 'byte')} {'is' if self._missing == 1 else 'are'} missing"
        mark = f"[wf: {missing} here: {self._reason}]\n".encode()
        try:
            if self._at and self._last_byte() != b"\n":
                mark = b"\n" + mark
            if os.write(self._descriptor, mark) == len(mark):
                self._at += len(mark)
                self._missing = 0
                return True
            # half of it tells nobody anything; there will be another
            os.ftruncate(self._descriptor, self._at)
            os.lseek(self._descriptor, self._at, os.SEEK_SET)
        except OSError as error:
            self._failed(error)
        self._next_try = time.monotonic() + _TRY_AGAIN_SECONDS
        return False

    def _last_byte(self) -> bytes:
        """Read from the log, where it can be read: it is written to only, most of the time."""
        path = f"/proc/self/fd/{self._descriptor}"
        reading = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        try:
            return os.pread(reading, 1, self._at - 1)
        finally:
            os.close(reading)


class _Times:
    """Which byte of a log was written when: one record a second at most, while the log grows.

    A record is the time in milliseconds since the epoch and the byte that was written next, eight
    bytes each, little endian. Times never go back, whatever the clock does. What cannot be written
    is left out: the log itself says nothing less.
    """

    def __init__(self, path: str) -> None:
        """``path`` is made, or gone on with, when there is something to be noted."""
        self._path = path
        self._descriptor: int | None = None
        self._records = 0
        self._last = 0

    def note(self, offset: int) -> None:
        """The byte at ``offset`` is written now."""
        now = time.time_ns() // 1_000_000
        if now - self._last < _BETWEEN_TIMES_MS:
            return
        try:
            if self._descriptor is None:
                self._descriptor = self._open()
            # a clock that was set back: nothing is noted until it has caught up
            if now - self._last < _BETWEEN_TIMES_MS:
                return
            self._last = now
            record = now.to_bytes(8, "little") + offset.to_bytes(8, "little")
            # a record that was cut short is written over by the next
            if os.pwrite(self._descriptor, record, self._records * _TIME_BYTES) == _TIME_BYTES:
                self._records += 1
        except OSError:
            self._last = now

    def close(self) -> None:
        """Nothing more comes."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        made = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        self._records = os.fstat(made).st_size // _TIME_BYTES
        if self._records:
            last = os.pread(made, 8, (self._records - 1) * _TIME_BYTES)
            self._last = int.from_bytes(last, "little")
        return made
