"""The lines of a requirements file, and where they stand."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from runner.errors import Place

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.plan.environment import RequirementFile

# one blank, not all: a long row of them would be looked at from each
_COMMENT = re.compile(r"(^|\s)#")


@dataclass(frozen=True, slots=True)
class Line:
    """A logical line (continued ones joined, comment gone); ``number`` is its first line's."""

    number: int
    text: str


def lines(text: str) -> Iterator[Line]:
    """The lines of a requirements file that say something.

    A comment ends with its line, whatever its last character: so does uv read it.
    """
    joined, first = "", 0
    for number, raw in enumerate(text.splitlines(), 1):
        first = first or number
        comment = _COMMENT.search(raw)
        said = raw[: comment.start()].rstrip() if comment else raw
        if said.endswith("\\"):
            joined += said[:-1] + " "
            continue
        if whole := (joined + said).strip():
            yield Line(first, whole)
        joined, first = "", 0
    if whole := joined.strip():
        yield Line(first, whole)


def numbered(file: RequirementFile) -> Iterator[Line]:
    """What a file asks for, line by line, numbered as in the file a person sees."""
    for line in lines(file.text):
        known = line.number <= len(file.numbers)
        yield Line(file.numbers[line.number - 1], line.text) if known else line


class Written:
    """A file's lines as they stand there."""

    __slots__ = ("_lines", "path")

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self._lines = text.splitlines()

    def place(self, line: Line, part: str = "") -> Place:
        """Where a line stands, or a part of it."""
        start = max(line.text.find(part), 0) if part else 0
        return self.between(line, start, start + len(part or line.text))

    def between(self, line: Line, start: int, end: int) -> Place:
        """Where some characters of a line stand, counted from 0."""
        excerpt = self._lines[line.number - 1]
        indent = len(excerpt) - len(excerpt.lstrip())
        if indent + end > len(excerpt):  # it lies on a line that continues this one
            start, end = 0, max(len(excerpt.rstrip("\\ \t")) - indent, 1)
        return Place(self.path, line.number, indent + start + 1, indent + end + 1, excerpt)
