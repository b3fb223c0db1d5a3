"""A picture of what is taken for what."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.plots import INK, label, panels

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

INCHES = (4.8, 4.8)
HALF = 0.5
SMALL = 8


def save_confusion(path: Path, confusion: Tensor, title: str) -> None:
    """Save a table of counts: rows are the digits that were seen, columns the guesses.

    A field is as dark as the share of its row, so that rare digits count like frequent ones.
    """
    counts = confusion.cpu()
    shares = counts / counts.sum(dim=1, keepdim=True).clamp(min=1)
    with panels(path, inches=INCHES) as (axes,):
        axes.imshow(shares.numpy(), cmap="Blues", vmin=0, vmax=1)
        axes.grid(visible=False)
        for row, line in enumerate(counts.tolist()):
            for column, count in enumerate(line):
                if count:
                    colour = "white" if shares[row, column] > HALF else INK
                    words = {"ha": "center", "va": "center", "color": colour, "size": SMALL}
                    axes.text(column, row, count, **words)
        label(axes, title, "guess", "digit")
        axes.set_xticks(range(len(counts)))
        axes.set_yticks(range(len(counts)))
