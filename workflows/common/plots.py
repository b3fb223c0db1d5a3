"""Plots that look alike: one light style, colours that colour-blind people can tell apart.

Drawn without a screen and without matplotlib's own state, so that any process may draw.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import matplotlib as mpl
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

# blue, vermillion, green, purple, sky, orange: of the palette of Okabe and Ito (2008)
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00")
MARKERS = ("o", "s", "^", "D", "v", "P")

WIDTH, HEIGHT = 7.2, 3.9  # inches
DOTS_PER_INCH = 125
INK, GRID = "#333333", "#dddddd"

_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.prop_cycle": mpl.cycler(color=COLOURS),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlesize": "large",
    "errorbar.capsize": 4.0,
    "font.family": ["DejaVu Sans"],  # it comes with matplotlib
    "font.size": 11.0,
    "grid.color": GRID,
    "legend.framealpha": 0.9,
    "lines.linewidth": 2.0,
    "lines.markersize": 7.0,
    "savefig.facecolor": "white",
    "text.color": INK,
    "xtick.color": INK,
    "ytick.color": INK,
}


@contextmanager
def panels(
    path: Path, count: int = 1, inches: tuple[float, float] = (WIDTH, HEIGHT)
) -> Iterator[Sequence[Axes]]:
    """Draw one or several panels side by side; what was drawn is saved as ``path`` at the end.

    Each panel still needs its words: see `label`.
    """
    with sheet(path, inches) as figure:
        yield figure.subplots(1, count, squeeze=False)[0]


@contextmanager
def sheet(path: Path, inches: tuple[float, float]) -> Iterator[Figure]:
    """Draw what is not panels side by side, in the same style, and save it in the same way."""
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=inches, dpi=DOTS_PER_INCH, layout="constrained")
        yield figure
        path.parent.mkdir(parents=True, exist_ok=True)
        # the release that drew it would make two equal plots differ
        figure.savefig(path, metadata={"Software": None})


def label(axes: Axes, title: str, x: str, y: str) -> None:
    """Say what a panel shows, and what its axes count, with the units in brackets."""
    axes.set_title(title)
    axes.set_xlabel(x)
    axes.set_ylabel(y)


def only_ticks_at(axes: Axes, values: Sequence[int]) -> None:
    """Mark just these values on the x axis, as plain numbers."""
    axes.set_xticks(values)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:,.0f}"))
