"""Bytes of a log -> its lines as they stood on a terminal, without what moved on it."""

from __future__ import annotations

import re

from runner.folding.fold import plain_lines

_LINES = 4000
_WIDTH = 2000

# bars of tqdm, rich and Keras, and rules
_MOVING = re.compile(
    r"\d{1,3}%\|.*\||[━╸╺]{3,}|[█▉▊▋▌▍▎▏]{3,}|^\s*\d+/\d+ \[[=>.]+\]|^\s*[-=_*#~─]{4,}\s*$"
)


def lines(tail: bytes) -> list[str]:
    """The lines, oldest first; of one that was drawn anew only its last state.

    Nothing in them is a control character, and each is of a bounded length.
    """
    return [_clean(line) for line in plain_lines(tail)[-_LINES:]]


def moving(line: str) -> bool:
    """Whether a line is a progress bar, a rule or empty: it says nothing of a failure."""
    return not line.strip() or _MOVING.search(line) is not None


def _clean(line: str) -> str:
    shown = line[:_WIDTH].expandtabs(4)
    return "".join(c if c.isprintable() else "?" for c in shown).rstrip()
