"""Plots of a training that classifies: accuracy over the epochs beside some of the guesses."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from matplotlib.figure import Figure

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from torch import Tensor

# epochs from 0 on, and the metric at their ends
Curve: TypeAlias = "Sequence[tuple[int, float]]"

DPI = 100
INCHES = (10, 5)  # 1000 x 500 pixels
ACROSS, DOWN = 6, 4
RIGHT, WRONG = "tab:green", "tab:red"
MANY = ACROSS * DOWN


class Guessed(NamedTuple):
    """Images as bytes of shape (N, channels, height, width), and numbers that ``names`` explains.

    ``labels`` is what they show, ``guesses`` what they were taken for; both of shape (N,).
    """

    images: Tensor
    labels: Tensor
    guesses: Tensor
    names: Sequence[str]


def save_guesses(path: Path, guessed: Guessed, curves: Mapping[str, Curve]) -> None:
    """Save up to MANY images with what was guessed, beside curves of accuracy over epochs.

    The picture has 1000 x 500 pixels.
    """
    figure = Figure(figsize=INCHES, dpi=DPI, layout="constrained")
    left, right = figure.subfigures(1, 2, width_ratios=(2, 3))
    draw_curves(left.subplots(), curves)
    cells = list(right.subplots(DOWN, ACROSS).flat)
    for cell in cells:
        cell.axis("off")
    each = zip(cells, guessed.images.cpu(), guessed.labels, guessed.guesses, strict=False)
    for cell, image, label, guess in each:
        cell.imshow(image.permute(1, 2, 0).squeeze(-1).numpy(), cmap="gray_r")  # of one channel
        said = guessed.names[int(guess)]
        good = int(guess) == int(label)
        text = said if good else f"{said}\nnot {guessed.names[int(label)]}"
        cell.set_title(text, fontsize=7, color=RIGHT if good else WRONG)
    figure.savefig(path)


def draw_curves(axes: Axes, curves: Mapping[str, Curve]) -> None:
    """Draw accuracies (0..1) over epochs, which people count from 1."""
    for name, points in curves.items():
        axes.plot([epoch + 1 for epoch, _ in points], [y for _, y in points], "o-", label=name)
    axes.set_xlabel("epoch")
    axes.set_ylabel("accuracy")
    axes.set_ylim(0, 1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.grid(visible=True, alpha=0.3)
    if curves:
        axes.legend(loc="lower right")


def curve(folder: Path, name: str) -> Curve:
    """A metric at the end of each epoch, from the folder's metrics: of this run and those before.

    Where a run went on from another, that one's file lies beside it (see `set_metrics_aside`).
    """
    points: dict[int, float] = {}
    for path in (*sorted(folder.glob("metrics.*.csv")), folder / "metrics.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get(name)]
        points.update((int(row["epoch"]), float(row[name])) for row in rows)
    return sorted(points.items())
