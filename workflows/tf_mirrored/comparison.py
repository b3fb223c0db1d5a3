"""Both trainings side by side: a table for people, one for programs, and a picture."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")
import matplotlib.pyplot as plt

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from common.metrics import Metrics


@dataclass(frozen=True)
class Result:
    """How one training went. ``images`` were trained on in ``seconds``."""

    name: str
    devices: str
    images: int
    seconds: float
    loss: float
    accuracy: float

    @property
    def pace(self) -> float:
        """Images per second; 0 if an epoch has but one step, which is not counted."""
        return self.images / self.seconds if self.images else 0.0


def table(results: Sequence[Result]) -> list[list[str]]:
    """A heading and a row for each training; the speed-up is against the first."""
    rows = [["training", "devices", "seconds", "images_per_s", "speed_up", "loss", "accuracy"]]
    for each in results:
        speed_up = each.pace / results[0].pace if results[0].pace else 0.0
        numbers = (f"{each.seconds:.2f}", f"{each.pace:.0f}", f"{speed_up:.2f}")
        rows.append([each.name, each.devices, *numbers, f"{each.loss:.4f}", f"{each.accuracy:.4f}"])
    return rows


def lined_up(rows: Sequence[Sequence[str]]) -> str:
    """The rows with columns below each other: words to the left, numbers to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        words = [text.ljust(width) for text, width in zip(row[:2], widths, strict=False)]
        numbers = [text.rjust(width) for text, width in zip(row[2:], widths[2:], strict=True)]
        lines.append("  ".join(words + numbers))
    return "\n".join(lines)


def write(path: Path, rows: Sequence[Sequence[str]]) -> None:
    """Write the rows as CSV."""
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)


def draw(path: Path, results: Sequence[Result], metrics: Metrics) -> None:
    """Draw the losses, which should lie on each other, and how fast each training was."""
    figure, (left, right) = plt.subplots(1, 2, figsize=(8, 3), layout="constrained")
    for each, style in zip(results, ("-", "--"), strict=True):
        left.plot(*metrics.curve(f"{each.name}_loss"), style, label=each.name, linewidth=2)
    left.set(title="the same losses", xlabel="step", ylabel="loss of training, mean of the epoch")
    left.legend()
    bars = right.bar(
        [f"{each.name}\n{each.devices}" for each in results],
        [each.pace for each in results],
        color=["tab:blue", "tab:orange"],
        width=0.6,
    )
    right.bar_label(bars, fmt="%.0f")
    right.set(title="and how fast", ylabel="images per second")
    right.margins(y=0.12)
    figure.savefig(path, dpi=100)
    plt.close(figure)
