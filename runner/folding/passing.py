"""Output that goes on being drawn, for a terminal that may not be told everything. Pure."""

from __future__ import annotations

from runner.folding.colours import NONE, after, change
from runner.folding.tokens import Part, Whole, private, spelled, split, visible

# what the bars of tqdm and rich need: moving about, and erasing
_MOVES = frozenset(b"ABCDEFGJK")
_DIGITS = 4


class Passing:
    """Lets pass what draws, and spells out what else a terminal would act on.

    So a bar moves as it does for whoever started the job, while titles, the clipboard, other
    screens, and answers that a terminal would give stay out of reach. With ``colour`` off no
    colours pass, and without ``moves`` what moves and erases is left out. Whatever is left on is
    turned off by :meth:`finish`.
    """

    def __init__(self, *, colour: bool, moves: bool = True) -> None:
        self._colour = colour
        self._moves = moves
        self._whole = Whole()
        self._on = NONE

    def feed(self, piece: bytes) -> bytes:
        """What may be shown of it now."""
        return b"".join(self._part(part) for part in split(self._whole.feed(piece)))

    def finish(self) -> bytes:
        """The rest, when nothing more comes; a terminal is as it was before."""
        rest = b"".join(self._part(part) for part in split(self._whole.rest()))
        left, self._on = self._on, NONE
        return rest + change(left, NONE).encode()

    def _part(self, part: Part) -> bytes:
        run, numbers, between, letter, control = part
        if run:
            return run if run.isascii() else visible(run.decode(errors="replace")).encode()
        if control:
            return control if control in {b"\r", b"\b"} else spelled(control).encode()
        came = b"\x1b[" + numbers + between + letter
        if between or private(numbers):
            hidden = letter in {b"h", b"l"} and numbers == b"?25"
            return b"" if hidden else visible(came.decode()).encode()
        if letter == b"m":
            before, now = self._on, after(self._on, numbers.decode()) if self._colour else NONE
            self._on = now
            return change(before, now).encode()
        if letter[0] in _MOVES and len(numbers) <= _DIGITS and (numbers or b"0").isdigit():
            return came if self._moves else b""
        return visible(came.decode()).encode()
