"""How far something is that goes through many files, how fast, and how long it still takes.

Whoever does the work tells how many files and bytes are done; now and then that makes a line of
text for whoever watches.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, NamedTuple

from runner.units import amount, count, remaining, share

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST_SECONDS = 0.5
"""What takes no longer than this is not spoken of."""

_EVERY_SECONDS = 0.2
# what the last few seconds were like tells more of the next ones than the whole does
_WINDOW_SECONDS = 5.0
# a guess made of less is no guess
_GUESS_AFTER_SECONDS = 1.0
# what opening and closing a file takes, in the bytes that could have been copied meanwhile: ten
# thousand small files are not done when the one large file is
_FILE_BYTES = 64 * 1024


class _Look(NamedTuple):
    """What was done at the time ``at``, in seconds."""

    at: float
    files: int
    bytes: int

    @property
    def work(self) -> int:
        return self.bytes + self.files * _FILE_BYTES


class Pace:
    """``pace = Pace(show)``; then ``pace(files, bytes)`` whenever some more are done.

    It can be told from several threads, and costs next to nothing where nothing is shown.
    ``show`` is given ``3,120 of 10,000 files · 1.2 of 2 GB · 310 MB/s · 3s left``, a few times a
    second and not within the first half one.
    """

    def __init__(
        self, show: Callable[[str], None], now: Callable[[], float] = time.monotonic
    ) -> None:
        self._show = show
        self._now = now
        self._begun = now()
        self._next = self._begun + FIRST_SECONDS
        self._looks = deque((_Look(self._begun, 0, 0),))
        self._told = self._before = (0, 0)
        self._files: int | None = None
        self._bytes: int | None = None
        self._count: Callable[[], tuple[int, int]] | None = None
        self._turn = threading.Lock()

    def expect(self, files: int | None, size: int | None) -> None:
        """How much there will be in all, of what is known beforehand."""
        self._files = files
        self._bytes = size

    def expect_of(self, count: Callable[[], tuple[int, int]]) -> None:
        """The same, of what is only counted when it turns out to take long."""
        self._count = count

    def __call__(self, files: int, size: int) -> None:
        """So many files and bytes are done now, since the beginning or the last :meth:`go_on`."""
        self._told = (files, size)
        now = self._now()
        # who finds another thread at it has nothing newer to say
        if now >= self._next and self._turn.acquire(blocking=False):
            try:
                if self._count is not None:
                    self.expect(*self._count())
                    self._count = None
                self._next = now + _EVERY_SECONDS
                self._look(_Look(now, self._before[0] + files, self._before[1] + size))
                self._show(self._text())
            finally:
                self._turn.release()

    def go_on(self) -> None:
        """What is told from here on comes on top: another folder, say, that is counted anew."""
        files, size = self._told
        self._before = (self._before[0] + files, self._before[1] + size)
        self._told = (0, 0)

    def _look(self, look: _Look) -> None:
        self._looks.append(look)
        while self._looks[1].at < look.at - _WINDOW_SECONDS:
            self._looks.popleft()

    def _text(self) -> str:
        first, last = self._looks[0], self._looks[-1]
        parts = [_of_files(last.files, self._files)]
        seconds = last.at - first.at
        if last.bytes or self._bytes:
            parts.append(_of_bytes(last.bytes, self._bytes))
            parts.append(f"{amount(int((last.bytes - first.bytes) / seconds))}/s")
        left = self._left((last.work - first.work) / seconds)
        if left is not None:
            parts.append(remaining(left))
        return " · ".join(parts)

    def _left(self, per_second: float) -> float | None:
        """How many seconds it still takes; ``None``: nobody can tell."""
        if self._files is None or self._bytes is None or per_second <= 0:
            return None
        last = self._looks[-1]
        if last.at - self._begun < _GUESS_AFTER_SECONDS:
            return None
        # files may have grown, or come, since they were counted
        whole = self._bytes + self._files * _FILE_BYTES
        return max(whole - last.work, 0) / per_second


def _of_files(files: int, all_of_them: int | None) -> str:
    if all_of_them is None or files > all_of_them:
        return count(files, "file")
    return f"{files:,} of {count(all_of_them, 'file')}"


def _of_bytes(size: int, whole: int | None) -> str:
    return amount(size) if whole is None or size > whole else share(size, whole)
