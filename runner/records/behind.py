"""Marks at runs that the index could not take, because it was locked or its disk was full.

A mark is an empty file, named as the run. Whoever comes next tries again.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from runner.paths import Home


def mark(home: Home, run: str) -> None:
    """The index knows less of a run than its folder, or more; without a mark if it must be."""
    with suppress(OSError):
        home.behind.mkdir(mode=0o700, exist_ok=True)
        os.close(os.open(_mark(home, run), os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600))


def marked(home: Home) -> list[str]:
    """The names of such runs."""
    try:
        return os.listdir(home.behind)
    except OSError:
        return []


def unmark(home: Home, run: str) -> None:
    """The index knows all of it again."""
    with suppress(OSError):
        _mark(home, run).unlink()


def _mark(home: Home, run: str) -> Path:
    return home.behind / run
