"""The screen that uv draws on: what stands there after all that it has sent to its terminal.

Enough of ECMA-48 for a program that draws bars below lines of text: moving up and down, to the
start of a line, and erasing. Everything else (colours, titles, links) is passed over, so that
another version of uv, which draws otherwise, still gives a screen of plain text.
"""

from __future__ import annotations

import codecs
import re

_TOKEN = re.compile(
    r"\x1b\[([0-9;:?<=>]*)[ -/]*([@-~])"  # a control sequence: its numbers and its last letter
    r"|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)"  # a command to the terminal's owner: titles, links
    r"|\x1b[^\[\]]"
    r"|([\r\n\b\x07])"
    r"|([^\x1b\r\n\b\x07]+)"
)
_UNFINISHED = re.compile(r"\x1b(?:\[[0-9;:?<=>]*[ -/]*|\][^\x07\x1b]*\x1b?)?\Z")
# a sequence that is longer than any that means something is text
_LONGEST = 4096
# no terminal is higher
_FURTHEST = 500


class Screen:
    """A screen of ``columns``, as many rows as it takes."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._decoder = codecs.getincrementaldecoder("utf-8")(errors="replace")
        self._kept = ""
        self._rows = [""]
        self._row = self._column = 0

    def feed(self, chunk: bytes) -> None:
        """Draw."""
        text = self._kept + self._decoder.decode(chunk)
        unfinished = _UNFINISHED.search(text, max(len(text) - _LONGEST, 0))
        self._kept = unfinished[0] if unfinished else ""
        if unfinished:
            text = text[: unfinished.start()]
        for numbers, letter, control, printed in _TOKEN.findall(text):
            if printed:
                self._print(printed)
            elif control:
                self._control(control)
            elif letter:
                self._sequence(letter, numbers)

    def lines(self) -> list[str]:
        """What stands there: rows that one text fills to the last column are one line."""
        found: list[str] = []
        whole = False
        for row in self._rows:
            if whole:
                found[-1] += row
            else:
                found.append(row)
            # a bar is padded with blanks to the last column; a text that is too long is not
            whole = len(row) == self._columns and not row.endswith(" ")
        return [line.rstrip() for line in found]

    def above(self) -> list[str]:
        """The rows above the cursor."""
        return self._rows[: self._row]

    def take(self, count: int) -> list[str]:
        """Take ``count`` rows away from the top; the lines that stood there."""
        taken = Screen(self._columns)
        taken._rows = self._rows[:count]
        del self._rows[:count]
        self._row -= count
        return taken.lines()

    def _print(self, text: str) -> None:
        while text:
            if self._column == self._columns:
                self._move(self._row + 1, 0)
            room = self._columns - self._column
            piece, text = text[:room], text[room:]
            row = self._rows[self._row].ljust(self._column)
            end = self._column + len(piece)
            self._rows[self._row] = row[: self._column] + piece + row[end:]
            self._column = end

    def _control(self, control: str) -> None:
        if control == "\n":
            self._move(self._row + 1, 0)
        elif control == "\r":
            self._column = 0
        elif control == "\b":
            self._column = max(self._column - 1, 0)

    def _sequence(self, letter: str, numbers: str) -> None:
        number = int(numbers) if numbers.isdecimal() else 0
        far = min(max(number, 1), _FURTHEST)
        if letter in "AF":
            self._move(self._row - far, self._column if letter == "A" else 0)
        elif letter in "BE":
            self._move(self._row + far, self._column if letter == "B" else 0)
        elif letter == "G":
            self._column = min(max(number, 1), self._columns) - 1
        elif letter == "K":
            self._erase(number)
        elif letter == "J" and number == 0:
            self._erase(0)
            del self._rows[self._row + 1 :]

    def _erase(self, what: int) -> None:
        """To the end of the row, from its start, or all of it."""
        row = self._rows[self._row]
        kept = {0: row[: self._column], 1: " " * self._column + row[self._column :]}
        self._rows[self._row] = kept.get(what, "")

    def _move(self, row: int, column: int) -> None:
        self._row, self._column = max(row, 0), column
        self._rows += [""] * (self._row + 1 - len(self._rows))
