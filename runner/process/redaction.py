"""Output with secrets masked, however it is cut into pieces on its way.

All that is known here are needles: the bytes that must not be seen. Which those are says
``runner/secrets/disguises.py``.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.process.sink import Sink

MASK = b"***"
# looked through at once: a piece as small stays in the processor's cache for all needles
_BLOCK = 1 << 17
# by so many of its first bytes a needle is looked for at the end of a text
_PROBE = 4


# the length of what is held back, and of what of that is covered
_HELD = struct.Struct("<II")


class Masker:
    """Replaces needles by ``***`` in a text that comes piece by piece.

    Every byte that is part of a needle is masked, so that nothing of two that overlap is left:
    they become one ``***``. Where the text is cut makes no difference. An end that may still
    become a needle is held back until it is known: less than the longest needle, and mostly
    nothing.
    """

    def __init__(self, needles: Iterable[bytes]) -> None:
        """``needles`` must not be empty texts."""
        self._needles = tuple(dict.fromkeys(needles))
        self._beginnings = {
            needle[:at] for needle in self._needles for at in range(1, min(_PROBE, len(needle)))
        }
        self._held = b""
        # so many bytes at the start of what is held are part of a mask that is out already
        self._covered = 0

    def feed(self, piece: bytes | memoryview) -> bytes:
        """The next piece; what is known by now."""
        view = memoryview(piece)
        starts = range(0, len(view), _BLOCK)
        return b"".join(self._block(view[start : start + _BLOCK]) for start in starts)

    def end(self) -> bytes:
        """Nothing more comes; what was held back. Afterwards another text may begin."""
        text, self._held = self._held, b""
        known, self._covered = self._masked(text, len(text)), 0
        return known

    @property
    def held(self) -> tuple[bytes, int]:
        """What is held back, and how much at its start is part of a mask that is out already."""
        return self._held, self._covered

    @held.setter
    def held(self, held: tuple[bytes, int]) -> None:
        self._held, self._covered = held

    def _block(self, piece: memoryview) -> bytes:
        text = self._held + piece
        open_end = self._open_end(text)
        known = self._masked(text, open_end)
        self._held = text[open_end:]
        return known

    def _masked(self, text: bytes, until: int) -> bytes:
        """The text up to ``until``, where no needle begins that is not all there."""
        spans = self._spans(text)
        at = self._covered
        if not spans and not at:
            return text[:until]
        known = []
        for start, end in sorted(spans):
            if start >= until:
                break
            if start >= at:
                known += [text[at:start], MASK]
            at = max(at, end)
        known.append(text[at:until])
        self._covered = max(at - until, 0)
        return b"".join(known)

    def _spans(self, text: bytes) -> list[tuple[int, int]]:
        """Where needles are, those that overlap included."""
        spans = []
        for needle in self._needles:
            at = text.find(needle)
            while at >= 0:
                spans.append((at, at + len(needle)))
                at = text.find(needle, at + 1)
        return spans

    def _open_end(self, text: bytes) -> int:
        """Where the longest end begins that is the beginning of a needle."""
        size = len(text)
        found = size
        for length in range(1, min(_PROBE, size + 1)):
            if text[size - length :] in self._beginnings:
                found = size - length
        for needle in self._needles:
            found = min(found, _long_beginning(needle, text, found))
        return found


def _long_beginning(needle: bytes, text: bytes, before: int) -> int:
    """Where ``text`` ends with a beginning of a needle that has a whole probe, if before that."""
    probe = needle[:_PROBE]
    at = max(len(text) - len(needle) + 1, 0)
    while (at := text.find(probe, at, before + _PROBE - 1)) >= 0:
        if needle.startswith(text[at:]):
            return at
        at += 1
    return before


class Redaction:
    """A sink in front of another one, which is given no needle."""

    def __init__(self, sink: Sink, needles: Iterable[bytes]) -> None:
        self._sink = sink
        self._masker = Masker(needles)

    @property
    def error(self) -> str | None:
        """What is wrong behind it."""
        return self._sink.error

    def write(self, piece: memoryview) -> None:
        """Pass on what is known by now."""
        known = self._masker.feed(piece)
        if known:
            self._sink.write(memoryview(known))

    def finish(self) -> None:
        """Pass on what was held back."""
        rest = self._masker.end()
        if rest:
            self._sink.write(memoryview(rest))
        self._sink.finish()

    def mark(self) -> bytes:
        """What is held back, and how far that is which comes behind."""
        held, covered = self._masker.held
        return _HELD.pack(len(held), covered) + held + self._sink.mark()

    def go_on(self, mark: bytes) -> None:
        """Hold back what was held back."""
        size, covered = _HELD.unpack_from(mark)
        end = _HELD.size + size
        self._masker.held = mark[_HELD.size : end], covered
        self._sink.go_on(mark[end:])


def masked(text: bytes, needles: Iterable[bytes]) -> bytes:
    """A whole text without needles."""
    masker = Masker(needles)
    return masker.feed(text) + masker.end()
