"""TOML with the lines of what stands in it, which readers of TOML do not tell."""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, Any

from runner.errors import Place

if TYPE_CHECKING:
    from collections.abc import Sequence

_AT = re.compile(r"\(at line (\d+), column (\d+)\)")


class Fault(Exception):  # noqa: N818 - it becomes a Problem
    """Why a text is no TOML, and where."""

    def __init__(self, message: str, place: Place) -> None:
        super().__init__(message)
        self.message = message
        self.place = place


class Toml:
    """A text in TOML; ``values`` are what it says.

    It is the whole of a file, or lines of a script, of which the first has the number ``first``.
    ``shown`` are the lines as they stand in the file.
    """

    def __init__(self, path: str, text: str, shown: Sequence[str], first: int = 1) -> None:
        """Read it.

        Raises:
            Fault: it is no TOML.
        """
        self.path = path
        self._lines = text.splitlines()
        self._shown = shown
        self._first = first
        self.values: dict[str, Any] = self._read(text)

    def _read(self, text: str) -> dict[str, Any]:
        # not at the top: few files need it
        if sys.version_info >= (3, 11):
            import tomllib
        else:
            import tomli as tomllib
        try:
            found: dict[str, Any] = tomllib.loads(text)
        except (tomllib.TOMLDecodeError, RecursionError) as error:
            at = _AT.search(str(error))
            message = str(error)[: at.start()].strip() if at else "it is not closed, or too deep"
            line = min(int(at[1]) if at else 1, max(len(self._lines), 1))
            raise Fault(message[:1].lower() + message[1:], self.place(line)) from error
        return found

    def table(self, *names: str) -> dict[str, Any]:
        """A table by its name; an empty one if it is not there, or is something else."""
        found: Any = self.values
        for name in names:
            found = found.get(name) if isinstance(found, dict) else None
        return found if isinstance(found, dict) else {}

    def find(self, text: str, after: int = 1) -> int | None:
        """The first line (from 1, of this text) with some words, from another one on."""
        for number, line in enumerate(self._lines[after - 1 :], after):
            if text in line:
                return number
        return None

    def key(self, name: str, header: str | None = None) -> int:
        """The line of a key, behind the header of its table; 1 if it cannot be told."""
        begin = self.find(f"[{header}]") or 1 if header else 1
        written = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*=")
        numbered = enumerate(self._lines[begin - 1 :], begin)
        return next((number for number, line in numbered if written.match(line)), begin)

    def number(self, line: int) -> int:
        """A line of this text, as numbered in the file."""
        return line + self._first - 1

    def place(self, line: int, part: str = "") -> Place:
        """Where a line stands in the file, or a part of it."""
        excerpt = self._shown[self.number(line) - 1] if self._shown else ""
        start = excerpt.find(part) if part else -1
        whole = excerpt.strip()
        if start < 0:
            start, part = len(excerpt) - len(excerpt.lstrip()), whole
        return Place(self.path, self.number(line), start + 1, start + len(part) + 1, excerpt)
