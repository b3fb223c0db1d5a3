"""Tables: for whoever watches, and as CSV for programs, `wf` among them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def show(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 0) -> None:
    """Print columns as wide as they need to be, aligned to the right.

    So many of the first ones are ``words``, and aligned to the left.
    """
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = [
            f"{cell:{'<' if place < words else '>'}{width}}"
            for place, (cell, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells), flush=True)


def save_steps(path: Path, header: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    """Save rows as CSV, each with its number in front, counted from 1 in a column ``step``."""
    numbered = [[number, *row] for number, row in enumerate(rows, start=1)]
    save(path, ["step", *header], numbered)


def save(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    """Save rows as CSV."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([header, *rows])
