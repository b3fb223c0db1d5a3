"""Metrics of a training that no logger writes: a CSV file with a column for the step."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


class Metrics:
    """One row a moment, one column for each metric; what is not known at a moment is empty.

    What the file holds already is kept, so that a run that goes on adds to it.
    """

    def __init__(self, path: Path, names: Sequence[str]) -> None:
        self._path = path
        self._columns = ["step", "epoch", *names]
        self._rows: list[dict[str, float]] = []
        if path.exists():
            with path.open(encoding="utf-8", newline="") as file:
                self._rows = [_numbers(row) for row in csv.DictReader(file)]

    def add(self, epoch: int, step: int, **measured: float) -> None:
        """Take down what was measured when so many steps had been made."""
        self._rows.append({"step": step, "epoch": epoch, **measured})

    def forget_after(self, step: int, names: Sequence[str]) -> None:
        """Drop the rows of these metrics that belong to steps which are made again."""
        dropped = set(names)
        self._rows = [row for row in self._rows if row["step"] <= step or not dropped & set(row)]

    def curve(self, name: str) -> tuple[list[float], list[float]]:
        """The steps at which a metric is known, and its values there."""
        rows = [row for row in self._rows if name in row]
        return [row["step"] for row in rows], [row[name] for row in rows]

    def last(self, name: str) -> float | None:
        """The last value of a metric, if there is one."""
        _, values = self.curve(name)
        return values[-1] if values else None

    def save(self) -> None:
        """Write the file, all of it or nothing."""
        partial = self._path.with_suffix(".partial")
        with partial.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, self._columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(self._rows)
        partial.replace(self._path)


def _numbers(row: dict[str, str]) -> dict[str, float]:
    """The values that a row has; counts stay whole."""
    return {
        column: int(text) if text.isdigit() else float(text) for column, text in row.items() if text
    }
