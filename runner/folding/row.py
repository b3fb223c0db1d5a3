"""One row of what a job has written: its text, its colours, and whether it was drawn over. Pure."""

from __future__ import annotations

from itertools import groupby

from runner.folding.colours import NONE, change

# more than any terminal has columns: a line that is longer is let go in pieces of this
ROOM = 1 << 12
# the same for its bytes, of which colours take some
BYTES = 16 * ROOM


class Row:
    """Characters, each in its colours; while nothing was drawn over, also the bytes as they came.

    ``start`` and ``end`` are the colours that were on at its first and after its last byte.
    """

    __slots__ = ("_colours", "end", "own", "start", "text")

    def __init__(self, colours: str) -> None:
        self.text = ""
        self.own: bytearray | None = bytearray()
        self.start = self.end = colours
        # of each character; not there as long as all are in those of the start
        self._colours: list[str] | None = None

    def take(self, came: bytes) -> None:
        """Note bytes that are its own."""
        if self.own is not None:
            self.own += came

    def put(self, column: int, text: str, colours: str) -> None:
        """Write over what is there from ``column`` on; blanks fill what lies before."""
        if column > len(self.text):
            self.put(len(self.text), " " * (column - len(self.text)), NONE)
        if colours != self.start and self._colours is None:
            self._colours = [self.start] * len(self.text)
        end = column + len(text)
        if self._colours is not None:
            self._colours[column:end] = [colours] * len(text)
        self.text = self.text[:column] + text + self.text[end:]

    def draw_over(self) -> None:
        """From now on it is what it looks like, and no longer what came."""
        self.own = None

    def erase(self, what: int, column: int) -> None:
        """As ``CSI what K`` with the cursor at ``column``: to the end, from the start, or all."""
        self.draw_over()
        if what == 1:
            self.put(0, " " * min(column + 1, len(self.text)), NONE)
            return
        kept = column if what == 0 else 0
        self.text = self.text[:kept]
        if self._colours is not None:
            del self._colours[kept:]

    def shown(self, *, colour: bool) -> str:
        """What it looks like, from no colours to no colours."""
        # blanks of what was erased stand for nothing; those that the job wrote are its own
        text = self.text.rstrip(" ") if self.own is None else self.text
        if not colour:
            return text
        if self._colours is None:
            return change(NONE, self.start) + text + change(self.start, NONE) if text else ""
        said, on, at = [], NONE, 0
        for colours, alike in groupby(self._colours[: len(text)]):
            end = at + sum(1 for _ in alike)
            said += [change(on, colours), text[at:end]]
            on, at = colours, end
        return "".join([*said, change(on, NONE)])
