"""The frames in which a daemon passes on what a container writes (Engine API, "Attach"). Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

STDOUT, STDERR = 1, 2
"""The streams as the API numbers them; a terminal has but the first."""

# stream, three zeros, and the length of what follows, big endian
_HEADER = 8
_LENGTH = 4


class Frames:
    """Where in the chunks of such a stream what was written lies, wherever they are cut."""

    def __init__(self) -> None:
        self._header = b""
        self._stream = STDOUT
        self._left = 0

    def pieces(self, chunk: bytes | memoryview, length: int) -> Iterator[tuple[int, int, int]]:
        """The stream, the start and the end of each piece in the first bytes of the next chunk."""
        at = 0
        while at < length:
            if not self._left:
                missing = _HEADER - len(self._header)
                self._header += chunk[at : min(at + missing, length)]
                at += missing
                if len(self._header) < _HEADER:
                    return
                self._stream = self._header[0]
                self._left = int.from_bytes(self._header[_LENGTH:], "big")
                self._header = b""
            end = min(at + self._left, length)
            self._left -= max(0, end - at)
            if end > at:
                yield self._stream, at, end
            at = max(at, end)
