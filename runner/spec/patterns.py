"""Patterns of paths: ``*``, ``?`` and ``[...]`` within a name, ``**`` for any folders between.

As in a shell, a name that begins with a dot is matched only by a pattern that begins with one, and
upper and lower case differ. A path is matched name by name, and with it a set of places in the
pattern that have been reached: it takes time in proportion to both, whatever they hold.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

    from typing_extensions import Self

_WILD = re.compile(r"[*?\[]")
_ANY_FOLDERS = "**"

Reached = frozenset[int]
"""The places in a pattern that the names so far have led to; none: no further name can match."""


def is_pattern(path: str) -> bool:
    """Whether a path stands for several."""
    return _WILD.search(path) is not None


def fixed(path: str) -> str:
    """The folder that all matches of a pattern lie below: its parts before the first wildcard.

    It is empty where already the first part of a relative pattern is wild, and ``/`` where that of
    an absolute one is.
    """
    parts = path.split("/")
    wild = next((at for at, part in enumerate(parts) if is_pattern(part)), len(parts))
    folder = "/".join(parts[:wild])
    return folder or ("/" if path.startswith("/") else "")


class Pattern(NamedTuple):
    """A pattern, part by part. ``None`` stands for any number of folders."""

    parts: tuple[re.Pattern[str] | None, ...]

    @classmethod
    def of(cls, path: str) -> Self:
        """Read one; every text is a pattern."""
        return cls(tuple(None if one == _ANY_FOLDERS else _part(one) for one in path.split("/")))

    def start(self) -> Reached:
        """What is reached before the first name."""
        return self._passed({0})

    def step(self, reached: Reached, name: str) -> Reached:
        """What is reached with one more name."""
        further = set()
        for at in reached:
            if at == len(self.parts):
                continue
            part = self.parts[at]
            if part is None:
                if not name.startswith("."):
                    further.add(at)
            elif part.match(name):
                further.add(at + 1)
        return self._passed(further)

    def matched(self, reached: Reached) -> bool:
        """Whether the names so far are a match."""
        return len(self.parts) in reached

    def matches(self, names: Sequence[str]) -> bool:
        """Whether a path, given by its names, is a match."""
        reached = self.start()
        for name in names:
            reached = self.step(reached, name)
        return self.matched(reached)

    def _passed(self, reached: set[int]) -> Reached:
        """With the places behind each ``**``, which may stand for no folder at all."""
        for at in sorted(reached):
            further = at
            while further < len(self.parts) and self.parts[further] is None:
                further += 1
                reached.add(further)
        return frozenset(reached)


def _part(written: str) -> re.Pattern[str]:
    """One name of a pattern."""
    import fnmatch

    # translate() keeps each star from trying more than one length again (CPython, since 3.9)
    seen = fnmatch.translate(written)
    return re.compile(seen if written.startswith(".") else rf"(?!\.){seen}")
