"""What a container writes, as the daemon passes it on, taken apart and carried to the log."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner.frames import STDERR, STDOUT, Frames

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.process.passage import Handed, Passage


class Stream:
    """The daemon's end of a container's output; ``open`` until it has ended."""

    def __init__(
        self,
        source: Any,  # noqa: ANN401 - a socket of the SDK, or what follows the log
        passage: Passage,
        *,
        terminal: bool,
        known: Handed | None = None,
    ) -> None:
        """With a ``terminal`` what comes is not framed. What is ``known`` of it comes once more."""
        self.open = True
        self._source = source
        self._passage = passage
        self._frames = None if terminal else Frames()
        self._known = {stream: known.of(stream) if known else 0 for stream in (STDOUT, STDERR)}

    def fileno(self) -> int:
        """Readable when something has come."""
        return int(self._source.fileno())

    def carry(self, told: Callable[[], None]) -> None:
        """Move one chunk to the log."""
        try:
            length = os.readv(self.fileno(), [self._passage.buffer])
        except BlockingIOError:
            return
        except OSError:  # the daemon was killed
            length = 0
        if not length:
            self.open = False
            return
        if self._frames is not None:
            for stream, start, end in self._frames.pieces(self._passage.buffer, length):
                self._hand_on(stream, start, end)
        else:
            self._hand_on(STDOUT, 0, length)
        told()

    def _hand_on(self, stream: int, start: int, end: int) -> None:
        if stream not in self._known:  # what the daemon itself has to say
            return
        known = min(self._known[stream], end - start)
        self._known[stream] -= known
        if known < end - start:
            self._passage.hand_on(stream, start + known, end)

    def close(self) -> None:
        """Read no more."""
        self._source.close()
