"""A job's output on its way to the log: every byte, in order, and never in the job's way."""

from __future__ import annotations

import os
import select
import time
from typing import TYPE_CHECKING

from runner.process.sink import LogFile
from runner.terminal import roomy

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.process.sink import Sink

# what is left in the pipe after the job's first process has ended is waited for this long, as a
# background child may hold the other end open for ever
DRAIN_SECONDS = 1.5
# a job that says little at a time is read this often; fewer switches between it and us leave it
# more of its processor
REST_SECONDS = 0.005
_CHUNK = 1 << 20
_LITTLE = 1 << 15


class Output:
    """The end of a job's output that is read, and the log it is carried to.

    ``open`` until everybody has closed the other end.
    """

    def __init__(self, reading: int, log: Sink) -> None:
        """``reading`` is closed by :meth:`close`."""
        self.descriptor = reading
        self.open = True
        self._log = log
        # one buffer for good: memory that is taken anew for each chunk costs more than the copying
        self._buffer = memoryview(bytearray(_CHUNK))
        # bytes that nobody needs to see on their way, from a pipe to a file: the kernel moves them
        self._straight = log if isinstance(log, LogFile) else None
        # what the job says while we rest must fit in, or the job would wait
        self._may_rest = roomy(reading)

    def carry(self, told: Callable[[], None]) -> bool:
        """Move one chunk to the log; whether to rest now, as the job says little at a time."""
        length = self._move()
        if not length:
            self.open = False
            return False
        told()
        return length < _LITTLE and self._may_rest

    def _move(self) -> int:
        """How many bytes; none when there is nobody left to write any."""
        if self._straight is not None:
            moved = self._straight.splice(self.descriptor, _CHUNK)
            if moved is not None:
                return moved
        try:
            length = os.readv(self.descriptor, [self._buffer])
        except OSError:  # a pseudo-terminal whose other end is closed answers EIO
            return 0
        self._log.write(self._buffer[:length])
        return length

    def drain(self, told: Callable[[], None]) -> None:
        """Carry what is left, for a while; still ``open`` if somebody holds the other end."""
        deadline = time.monotonic() + DRAIN_SECONDS
        poller = select.poll()
        poller.register(self.descriptor, select.POLLIN | select.POLLHUP)
        while self.open and (left := deadline - time.monotonic()) > 0:
            if poller.poll(left * 1000):
                self.carry(told)

    def close(self) -> None:
        """Read no more."""
        os.close(self.descriptor)
        self._log.finish()
