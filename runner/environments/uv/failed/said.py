"""uv's last words in their parts: what it says itself, its hints, and what a build has said."""

from __future__ import annotations

import re
from dataclasses import dataclass

# versions of uv mark a cause differently: `cause:`, `Caused by:`, or by drawing a branch
_MARK = re.compile(r"^(?:[\u00d7├╰│─▶\s]|error:|cause:|Caused by:)+\s*")
_BUILD = re.compile(r"^\[(?:stdout|stderr)\]$|^-{3} (?:stdout|stderr)")


@dataclass(frozen=True, slots=True)
class Said:
    """What uv said at its end.

    ``error`` is its message in one line, ``hints`` are the hints, ``build`` the lines that a
    package's own build has said.
    """

    error: str
    hints: tuple[str, ...]
    build: tuple[str, ...]

    @property
    def all(self) -> str:
        """Message and hints, without what a build has said."""
        return " ".join((self.error, *self.hints))


def read(text: str) -> Said:
    """Take uv's last words apart."""
    error: list[str] = []
    hints: list[list[str]] = []
    build: list[str] = []
    into = error
    begun = False
    for line in text.splitlines():
        words = _MARK.sub("", line).strip()
        if line.lstrip().startswith("hint:"):
            hints.append([words.removeprefix("hint:").strip()])
            into = hints[-1]
        elif _BUILD.match(words):
            into = build
        elif begun or line.lstrip().startswith(("error:", "\u00d7")):
            begun = True
            into.append(line if into is build else words)
    joined = (" ".join(" ".join(hint).split()) for hint in hints)
    return Said(" ".join(" ".join(error).split()), tuple(joined), tuple(build))
