"""Text files line by line, as ``diff -u`` shows them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_BYTES = 1 << 20
"""Of a file that is compared line by line: what is longer would take minutes."""

# comparing takes a time that grows with the product of both
_LINES = 20_000


def lines_of(content: bytes) -> list[str] | None:
    """The lines of a text; ``None`` if it is none, or too long to be compared."""
    if b"\0" in content or len(content) > MOST_BYTES:
        return None
    try:
        lines = content.decode().splitlines()
    except UnicodeDecodeError:
        return None
    return lines if len(lines) <= _LINES else None


def unified(before: list[str], after: list[str], names: tuple[str, str]) -> Iterator[str]:
    """The difference with three lines around each change, without line ends."""
    import difflib

    return difflib.unified_diff(before, after, *names, lineterm="")
