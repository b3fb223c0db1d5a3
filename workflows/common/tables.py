"""Tables: for whoever watches, and as CSV for programs, `wf` among them."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


def show(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print columns as wide as they need to be, aligned to the right."""
    lines = [header, *rows]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for line in lines:
        cells = (cell.rjust(width) for cell, width in zip(line, widths, strict=True))
        print("  ".join(cells), flush=True)


def save(path: Path, header: Sequence[str], rows: Sequence[Sequence[float]]) -> None:
    """Save rows as CSV, each with its number in front, counted from 1 in a column ``step``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["step", *header])
        writer.writerows([number, *row] for number, row in enumerate(rows, start=1))
