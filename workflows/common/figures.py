"""Plots of a training that classifies: accuracy over the epochs beside some of the guesses."""

from __future__ import annotations

import csv
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

from common.plots import COLOURS, label, sheet

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes
    from torch import Tensor

# epochs from 0 on, and the metric at their ends
Curve: TypeAlias = "Sequence[tuple[int, float]]"

INCHES = (8, 4)  # 1000 x 500 pixels
ACROSS, DOWN = 6, 4
_, WRONG, RIGHT, *_ = COLOURS
MANY = ACROSS * DOWN
SMALL = 5.5  # points


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
    with sheet(path, INCHES) as figure:
        left, right = figure.subfigures(1, 2, width_ratios=(2, 3))
        draw_curves(left.subplots(), curves)
        bare = {"xticks": [], "yticks": [], "frame_on": False}
        draw_guesses(right.subplots(DOWN, ACROSS, subplot_kw=bare).flat, guessed)


def draw_guesses(cells: Iterable[Axes], guessed: Guessed) -> None:
    """Draw an image in each cell, below what it was taken for, and what it is if that is wrong."""
    each = zip(cells, guessed.images.cpu(), guessed.labels, guessed.guesses, strict=False)
    for cell, image, shown, guess in each:
        cell.imshow(image.permute(1, 2, 0).squeeze(-1).numpy(), cmap="gray_r")  # of one channel
        said = guessed.names[int(guess)]
        good = int(guess) == int(shown)
        text = said if good else f"{said}\nnot {guessed.names[int(shown)]}"
        colour = RIGHT if good else WRONG
        cell.set_title(text, fontsize=SMALL, color=colour, loc="center")


def draw_curves(axes: Axes, curves: Mapping[str, Curve]) -> None:
    """Draw accuracies (0..1) over epochs, which people count from 1."""
    for name, points in curves.items():
        axes.plot([epoch + 1 for epoch, _ in points], [y for _, y in points], "o-", label=name)
    label(axes, "Images that are recognised", "epoch", "accuracy")
    axes.set_ylim(0, 1)
    axes.xaxis.get_major_locator().set_params(integer=True)
    if curves:
        axes.legend(loc="lower right")


def curve(folder: Path, name: str) -> Curve:
    """A metric at the end of each epoch, from the folder's metrics: of this run and those before.

    Where a run went on from another, that one's file lies beside it (see `set_metrics_aside`). Of
    an epoch that two of them have, the later one counts.
    """
    points: dict[int, float] = {}
    before = sorted(folder.glob("metrics.*.csv"), key=lambda path: path.stat().st_mtime_ns)
    for path in (*before, folder / "metrics.csv"):
        with path.open(encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row.get(name)]
        points.update((int(row["epoch"]), float(row[name])) for row in rows)
    return sorted(points.items())
