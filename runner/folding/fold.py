"""Output without what was drawn over: of a progress bar the last state only. Pure.

A small terminal without an edge: as many rows as a bar moves in stay in it, and what leaves it at
the top is done. So it takes output of any size, in pieces of any size, in the same memory.
"""

from __future__ import annotations

from runner.folding.colours import NONE, after, change
from runner.folding.row import BYTES, ROOM, Row
from runner.folding.tokens import (
    Part,
    Whole,
    colours_in,
    plain,
    private,
    spelled,
    split,
    unmoved,
    visible,
)

# bars that are drawn below each other are fewer
_ROWS = 50
# less than this is taken line by line
_MANY = 1 << 13
# so much is looked at together where something may move
_BLOCK = 1 << 17
_NUMBER = 4
# characters of a control that is spelled out
_SPELLED = 4


class Fold:
    r"""Takes a job's output in pieces and gives it back folded, as soon as it is done.

    Understood are carriage return, backspace, and of ECMA-48 moving up, down and sideways, erasing,
    and colours (SGR). With ``exact`` a line that was never drawn over keeps its very bytes,
    whatever they are. Without, the text is for a terminal: it holds no control but tab, line feed
    and, with ``colour``, SGR; the others are spelled out as ``\x1b``, and bytes that are no UTF-8
    are replaced.
    """

    def __init__(self, *, exact: bool, colour: bool = True) -> None:
        self._exact = exact
        self._colour = colour or exact
        self._errors = "surrogateescape" if exact else "replace"
        self._whole = Whole()
        self._rows = [Row(NONE)]
        self._row = self._column = 0
        # a carriage return or a backspace that means nothing if the line ends here
        self._moved = False
        # colours of what comes next, and those that are on after what was given back
        self._on = self._given = NONE
        self._done: list[bytes] = []

    def feed(self, piece: bytes) -> bytes:
        """What is done now."""
        size = len(piece) if plain(piece) else _BLOCK
        for start in range(0, len(piece), size or 1):
            whole = self._whole.feed(piece[start : start + size])
            self._take(split(whole[self._pass(whole) :]))
        return self._collect()

    def finish(self) -> bytes:
        """The rest, when nothing more comes."""
        self._take(split(self._whole.rest()))
        self._give(len(self._rows) - 1)
        self._give_row(self._rows[0])
        self._restart()
        return self._collect()

    def _take(self, tokens: list[Part]) -> None:
        for run, numbers, between, letter, control in tokens:
            if run:
                self._run(run)
            elif control:
                self._control(control)
            else:
                self._sequence(numbers, between, letter)

    def _restart(self) -> None:
        self._rows = [Row(self._on)]
        self._row = self._column = 0

    def _collect(self) -> bytes:
        done = b"".join(self._done)
        self._done.clear()
        return done

    def _pass(self, whole: bytes) -> int:
        """Give back lines as they came that nothing can reach any more; how many bytes they are."""
        row = self._rows[self._row]
        last = self._row == len(self._rows) - 1 and self._column == len(row.text)
        if not self._exact or not last or self._moved or row.own is None or len(whole) < _MANY:
            return 0
        end = _lines_before(whole, 0, unmoved(whole))
        if end:
            self._give(len(self._rows) - 1)
            self._give_row(row)
            self._done += [self._turn(self._on), whole[:end]]
            for numbers in colours_in(whole[:end]):
                self._on = after(self._on, numbers.decode())
            self._given = self._on
            self._restart()
        return end

    def _run(self, run: bytes) -> None:
        start = 0
        while (end := run.find(b"\n", start)) >= 0:
            self._print(run[start:end])
            self._new_line()
            start = end + 1
            if len(run) - start > _MANY and self._row == len(self._rows) - 1:
                start = self._hurry(run, start)
        self._print(run[start:])

    def _hurry(self, run: bytes, start: int) -> int:
        """Give back whole lines that will have left before anything can move up to them."""
        end = _lines_before(run, start, len(run))
        if end == start or (self._on and self._colour and not self._exact):
            return start
        lines = run[start:end]
        if not self._exact and not lines.isascii():
            lines = visible(lines.decode(errors="replace")).encode()
        self._give(len(self._rows) - 1)
        self._done += [self._turn(self._on), lines]
        self._restart()
        return end

    def _print(self, came: bytes) -> None:
        """Text without line feeds."""
        if not came:
            return
        text = came.decode(errors=self._errors)
        self._write(text if self._exact or text.isascii() else visible(text), came)

    def _write(self, text: str, came: bytes) -> None:
        """Draw ``text`` for the bytes that came."""
        row = self._rows[self._row]
        if self._moved or self._column != len(row.text):
            self._moved = False
            row.draw_over()
        while self._column + len(text) > ROOM:
            room = max(ROOM - self._column, 0)
            # bytes that stand for several characters are none of the text's
            part = text[:room].encode(errors=self._errors) if len(came) >= len(text) else came
            row.put(self._column, text[:room], self._on)
            row.take(part)
            text, came = text[room:], came[len(part) :]
            row = self._let_go()
        row.put(self._column, text, self._on)
        row.take(came)
        self._column += len(text)

    def _let_go(self) -> Row:
        """Give back all there is, of a line that is too long to be kept."""
        last = self._row == len(self._rows) - 1
        self._give(len(self._rows) - 1)
        self._give_row(self._rows[0])
        if not last:
            self._done.append(b"\n")
        self._restart()
        return self._rows[0]

    def _new_line(self) -> None:
        self._moved = False
        self._column = 0
        self._row += 1
        if self._row == len(self._rows):
            self._rows.append(Row(self._on))
            if self._row == _ROWS:
                self._give(1)

    def _control(self, control: bytes) -> None:
        if control == b"\r":
            self._column = 0
        elif control == b"\b":
            self._column = max(self._column - 1, 0)
        else:
            while control:
                fitting = max((ROOM - self._column) // _SPELLED, 1)
                self._write(spelled(control[:fitting]), control[:fitting])
                control = control[fitting:]
            return
        self._moved = True
        self._rows[self._row].take(control)

    def _sequence(self, numbers: bytes, between: bytes, letter: bytes) -> None:
        came = b"\x1b[" + numbers + between + letter
        row = self._rows[self._row]
        if between or not self._understood(numbers.decode(), letter.decode()):
            self._write(visible(came.decode()), came)
        elif letter in b"mhl":
            row.take(came)
            row.end = self._on
            if len(row.own or b"") > BYTES:
                self._let_go()

    def _understood(self, numbers: str, letter: str) -> bool:
        """Do what a control sequence says, if it is one of those that a bar needs."""
        if letter == "m" and not private(numbers.encode()):
            self._on = after(self._on, numbers)
            return True
        # whether the cursor is to be seen
        if letter in {"h", "l"}:
            return numbers == "?25"
        if numbers and not numbers.isdecimal():
            return False
        number = int(numbers[:_NUMBER] or "0")
        if letter in "ABEF":
            self._vertically(number or 1, letter)
        elif letter in "CDG":
            self._sideways(number, letter)
        elif letter in "JK" and (letter == "K" or number == 0):
            self._rows[self._row].erase(number, self._column)
            if letter == "J":
                del self._rows[self._row + 1 :]
        else:
            return False
        return True

    def _vertically(self, far: int, letter: str) -> None:
        row = self._row + (far if letter in "BE" else -far)
        self._row = min(max(row, 0), len(self._rows) - 1)
        if letter in "EF":
            self._column = 0
        self._rows[self._row].draw_over()

    def _sideways(self, number: int, letter: str) -> None:
        columns = {"C": self._column + (number or 1), "D": self._column - (number or 1)}
        self._column = min(max(columns.get(letter, number - 1), 0), ROOM)
        self._rows[self._row].draw_over()

    def _give(self, count: int) -> None:
        """Give back the topmost rows."""
        for row in self._rows[:count]:
            self._give_row(row)
            self._done.append(b"\n")
        del self._rows[:count]
        self._row -= count

    def _give_row(self, row: Row) -> None:
        if self._exact and row.own is not None:
            if row.own:
                self._done += [self._turn(row.start), bytes(row.own)]
                self._given = row.end
            return
        shown = row.shown(colour=self._colour)
        self._done += [self._turn(NONE), shown.encode(errors=self._errors)]

    def _turn(self, colours: str) -> bytes:
        """The control sequence for colours that are to be on next."""
        before, self._given = self._given, colours
        return change(before, colours).encode() if self._colour else b""


def plain_lines(output: bytes) -> list[str]:
    """The lines of some output, folded, without colours or anything a terminal would act on."""
    fold = Fold(exact=False, colour=False)
    return (fold.feed(output) + fold.finish()).decode().split("\n")


def _lines_before(run: bytes, start: int, end: int) -> int:
    """Where the lines end that are out of reach at ``end``; ``start`` if there are none."""
    for _ in range(_ROWS):
        end = run.rfind(b"\n", start, end)
        if end < 0:
            return start
    return end + 1
