"""A picture of what is taken for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")  # a file, and no window

# isort: split
from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

INCHES, DPI = 4.6, 100
HALF = 0.5


def save_confusion(path: Path, confusion: Tensor, title: str) -> None:
    """Save a table of counts: rows are the digits that were seen, columns the guesses.

    A field is as dark as the share of its row, so that rare digits count like frequent ones.
    """
    counts = confusion.cpu()
    shares = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    figure, axes = plt.subplots(figsize=(INCHES, INCHES), dpi=DPI, layout="constrained")
    axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
    for row, line in enumerate(counts.tolist()):
        for column, count in enumerate(line):
            if count:
                colour = "white" if shares[row, column] > HALF else "black"
                axes.text(column, row, count, ha="center", va="center", color=colour, size=8)
    axes.set(title=title, xlabel="guess", ylabel="digit")
    axes.set_xticks(range(len(counts)))
    axes.set_yticks(range(len(counts)))
    figure.savefig(path)
    plt.close(figure)
