"""A run's log on a stream: what was written before folded, what is being written as it is drawn."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TextIO

from runner.folding.fold import Fold
from runner.folding.passing import Passing
from runner.records.log import write_all

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from runner.cli.render.style import Style
    from runner.records.log import Log

# of a longer log a terminal is shown the end
_WHOLE_BYTES = 1 << 20
_LINES = 1000
# bars that are drawn below each other come to few lines: so far is looked for more
_FURTHEST = 1 << 23


class Part(NamedTuple):
    """A part of a log: from a byte to a byte, without the first ``skipped`` of its folded lines."""

    start: int
    end: int
    skipped: int = 0


class Replay:
    """Shows parts of a log.

    A terminal gets colours, if it may have them, and nothing else that it would act on; any other
    stream gets the bytes, but for lines that were drawn over.
    """

    def __init__(self, log: Log, out: TextIO, dress: Style) -> None:
        """Nothing may be written to ``out`` by others meanwhile."""
        out.flush()
        self._log = log
        self._out = out.fileno()
        self._terminal = out.isatty()
        self._colour = dress.colour
        self._moves = dress.terminal
        # a terminal that does not know all letters is shown numbers in place of the others
        self._encoding = None if dress.unicode or not self._terminal else out.encoding

    def all(self, start: int, end: int, whole: int = _WHOLE_BYTES) -> Part:
        """The part that is shown when nobody asks for another.

        That is on a terminal, where it is longer than ``whole`` bytes, the end.
        """
        if not self._terminal or end - start <= whole:
            return Part(start, end)
        return self.last(_LINES, end - whole, end)

    def last(self, lines: int, floor: int, end: int) -> Part:
        """The last ``lines`` lines as they are shown, and none from before ``floor``."""
        return reach_back(self._log, lines, floor, end)

    def show(self, part: Part) -> None:
        """Write a part, folded.

        Raises:
            OSError: nobody reads any more, most likely.
        """
        skipped = part.skipped
        for piece in self._folded(part):
            shown = piece
            while skipped and shown:
                _, _, shown = shown.partition(b"\n")
                skipped -= 1
            self._write(shown)

    def follow(self, start: int, more: Callable[[], bool]) -> None:
        """Write what comes from byte ``start`` on, as it comes.

        ``more`` waits until there may be more, and answers whether to go on. What was written
        before it said no is still shown.

        Raises:
            OSError: nobody reads any more, most likely.
        """
        passing = Passing(colour=self._colour, moves=self._moves)
        going = True
        try:
            while going:
                going = more()
                for piece in self._log.pieces(start, self._log.size()):
                    start += len(piece)
                    self._write(passing.feed(piece))
        finally:
            self._write(passing.finish())

    def _folded(self, part: Part) -> Iterator[bytes]:
        fold = Fold(exact=not self._terminal, colour=self._colour)
        for piece in self._log.pieces(part.start, part.end):
            yield fold.feed(piece)
        yield fold.finish()

    def _write(self, shown: bytes) -> None:
        if self._encoding is not None:
            shown = shown.decode().encode(self._encoding, "backslashreplace")
        write_all(self._out, shown)


def reach_back(log: Log, lines: int, floor: int, end: int) -> Part:
    """The last ``lines`` folded lines before ``end``, and none from before ``floor``.

    Where bars are drawn over and over below each other, they may be fewer than asked for.
    """
    start, step = log.before(end, lines, floor), lines
    while True:
        found = _count(log, start, end)
        if found >= lines or start <= floor or end - start > _FURTHEST:
            return Part(start, end, max(found - lines, 0))
        step *= 4
        start = log.before(start, step, max(floor, start - _FURTHEST))


def _count(log: Log, start: int, end: int) -> int:
    """How many folded lines a part has; one that has no end yet is one, too."""
    fold, found, last = Fold(exact=True), 0, b""
    for piece in log.pieces(start, end):
        shown = fold.feed(piece)
        found += shown.count(b"\n")
        last = shown[-1:] or last
    rest = fold.finish()
    return found + rest.count(b"\n") + ((rest[-1:] or last) not in {b"\n", b""})


def plain(log: Log, part: Part) -> str:
    """A part in plain text: folded, without colours or anything that a terminal would act on."""
    fold = Fold(exact=False, colour=False)
    pieces = [fold.feed(piece) for piece in log.pieces(part.start, part.end)]
    lines = b"".join([*pieces, fold.finish()]).split(b"\n", part.skipped)
    return lines[-1].decode()
