"""A part of this very command as a process of its own: it costs no start of an interpreter.

The child lives in a process group of its own, so that Ctrl-C on a terminal reaches the parent
alone, which passes it on. It is asked to end (SIGTERM) when its parent is gone.
"""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable

_HANDLED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH)


class Child(NamedTuple):
    """A child: its process id, and the descriptor that what it says is read from."""

    pid: int
    output: int

    def signal(self, number: int) -> None:
        """Send it a signal; nothing happens when it has ended."""
        with suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def collect(self) -> int:
        """Wait for its end, which is at hand when its output has ended; its exit code."""
        os.close(self.output)
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


class Nursery:
    """Makes children, none of which outlives the process it was made in."""

    def __init__(self) -> None:
        self._reading, self._writing = os.pipe()

    def close(self) -> None:
        """No more children are made, and those that live are asked to end."""
        os.close(self._writing)
        os.close(self._reading)

    def make(self, work: Callable[[int], None]) -> Child:
        """Start a child that does ``work`` and ends with exit code 0, or 70 if that raises.

        ``work`` is given the descriptor that it can say something to its parent through.
        """
        output, writing = os.pipe()
        # a signal that arrives in between belongs to the parent's handlers, not to their copies
        before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
        try:
            pid = os.fork()
            if pid == 0:
                os.close(output)
                self._live(work, writing, before)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)
        os.close(writing)
        return Child(pid, output)

    def _live(self, work: Callable[[int], None], writing: int, mask: set[int]) -> None:
        """All of a child's life; does not return."""
        code = 70
        try:
            os.setpgid(0, 0)
            os.close(self._writing)
            for number in _HANDLED:
                signal.signal(number, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_SETMASK, mask)
            threading.Thread(target=self._watch_parent, daemon=True).start()
            work(writing)
            code = 0
        finally:
            # neither the parent's buffers nor its clean-up are ours
            os._exit(code)

    def _watch_parent(self) -> None:
        """The pipe ends when the last who can write to it is gone, and only the parent can."""
        with suppress(OSError):
            os.read(self._reading, 1)
        os.kill(os.getpid(), signal.SIGTERM)
