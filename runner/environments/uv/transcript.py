"""The log of an installer that draws on a terminal: plain text, each line once."""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING, BinaryIO

from runner.environments.credentials import masked
from runner.environments.uv.progress import announced, at_work, drawn
from runner.environments.uv.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterable

# what may be shown of it in the end
_KEPT_LINES = 1000


class Transcript:
    """Writes down what an installer says, as it says it, and keeps its last lines."""

    def __init__(self, log: BinaryIO, columns: int) -> None:
        self._log = log
        self._screen = Screen(columns)
        self._early: set[str] = set()
        self.said: deque[str] = deque(maxlen=_KEPT_LINES)

    def feed(self, chunk: bytes) -> None:
        """Take what the installer has sent."""
        self._screen.feed(chunk)

    def settle(self) -> list[str]:
        """Write down what will not be drawn over; what is on the screen now."""
        lines = self._screen.lines()
        drawing = any(drawn(line) for line in lines)
        said = 0
        for number, row in enumerate(self._screen.above(), 1):
            if drawing and (drawn(row) or at_work(row)):
                break
            if row:  # what is blank may only have been erased, to be drawn again
                said = number
        self._write(self._screen.take(said))
        if drawing:
            new = [line for line in announced(lines) if line not in self._early]
            self._write(new)
            self._early.update(new)
        return lines

    def end(self) -> None:
        """Write down what is left on the screen."""
        left = [line for line in self._screen.lines() if not drawn(line)]
        while left and not left[-1]:
            left.pop()
        self._write(left)

    def _write(self, lines: Iterable[str]) -> None:
        for line in lines:
            if line in self._early:
                continue
            safe = masked(line)
            self.said.append(safe)
            self._log.write(safe.encode(errors="replace") + b"\n")
        self._log.flush()
