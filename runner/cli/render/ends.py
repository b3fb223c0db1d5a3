"""Runs that are waited for: one line that moves while they go on, and one for the end of each."""

from __future__ import annotations

import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TextIO

from runner.cli.render.failure import excerpt
from runner.cli.render.style import cut, harmless, style
from runner.units import count, duration

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_MOVES_SECONDS = 0.2
_CLEAR = "\r\x1b[K"
_COLOURS = {"succeeded": "green", "failed": "red", "lost": "red", "cancelled": "yellow"}


class Waited:
    """Shows on a stream what is waited for. Without a terminal nothing moves."""

    def __init__(self, stream: TextIO, variables: Mapping[str, str]) -> None:
        self._stream = stream
        self._dress = style(stream, variables)
        self._began = time.monotonic()
        self._drawn = False

    @property
    def interval(self) -> float | None:
        """After so many seconds :meth:`move` is wanted; ``None``: nothing moves here."""
        return _MOVES_SECONDS if self._dress.terminal else None

    def move(self, verb: str, names: Sequence[str]) -> None:
        """Time has passed."""
        if not self._dress.terminal:
            return
        what = names[0] if len(names) == 1 else count(len(names), "run")
        text = f"{verb} {what} … {duration(time.monotonic() - self._began)}"
        self._write(f"{_CLEAR}{cut(self._dress.plain(text), self._dress.width - 1)}")
        self._drawn = True

    def ended(self, document: Mapping[str, Any], *, before: bool = False) -> None:
        """A run is over, or would be if that could be written; ``before``: it was already."""
        if document["status"] not in _COLOURS:
            self.say(f"{document['name']} is still {document['status']}")
            return
        status = self._dress.paint(document["status"], _COLOURS[document["status"]])
        name = self._dress.paint(document["name"], "bold")
        had = "had ended before: " if before else ""
        self.say(f"{name} {had}{status} · {harmless(document['message'] or '')}")
        for line in excerpt(document["failure"], self._dress):
            self.say(line)
        if document["failure"] and document["hint"]:
            self.say(f"{self._dress.paint('hint:', 'cyan')} {harmless(document['hint'])}")

    def say(self, line: str) -> None:
        """A line that stays."""
        self.still()
        self._write(self._dress.plain(line) + "\n")

    def still(self) -> None:
        """Nothing moves any more."""
        if self._drawn:
            self._write(_CLEAR)
        self._drawn = False

    def _write(self, text: str) -> None:
        with suppress(OSError):  # nobody reads it any more
            self._stream.write(text)
            self._stream.flush()
