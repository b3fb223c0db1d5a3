"""What went wrong in a job, as far as its log tells."""

from __future__ import annotations

from typing import Any, NamedTuple

MAX_LINES = 4
"""How many lines of a log a failure keeps: with what is said around them, a card has eight."""


class Place(NamedTuple):
    """A line of the user's own code: ``path`` is below the project, or as it was printed."""

    path: str
    line: int | None = None
    function: str | None = None

    @property
    def shown(self) -> str:
        """In one word, as editors take it: ``train.py:31``."""
        return self.path if self.line is None else f"{self.path}:{self.line}"


class Cause(NamedTuple):
    """Why: ``kind`` is a word for programs, ``said`` a sentence, ``hint`` what to type."""

    kind: str
    said: str
    hint: str


class Failure(NamedTuple):
    """What went wrong.

    ``rank`` is that of the process that failed, where there were several. ``lines`` are at most
    :data:`MAX_LINES`, without control characters: the code at ``place``, and the last words.
    """

    place: Place | None
    rank: int | None
    lines: tuple[str, ...]
    cause: Cause | None

    def document(self) -> dict[str, Any]:
        """The failure as JSON; what to type is the run's ``hint``."""
        return {
            "cause": self.cause and self.cause.kind,
            "message": self.cause and self.cause.said,
            "place": self.place and self.place._asdict(),
            "rank": self.rank,
            "lines": list(self.lines),
        }
