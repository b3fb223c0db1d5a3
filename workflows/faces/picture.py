"""A plot of how long a pass takes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.plots import COLOURS, label, only_ticks_at, panels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from load import Loaded


def plot_passes(path: Path, found: Sequence[Loaded], images: int) -> None:
    """Draw the seconds of a pass over the number of workers: mean and standard deviation.

    First passes, which start the workers, are hollow marks beside them.
    """
    workers = [one.workers for one in found]
    starting = [one for one in found if one.workers]
    with panels(path) as (axes,):
        axes.errorbar(
            workers,
            [one.mean for one in found],
            yerr=[one.deviation for one in found],
            marker="o",
            label=f"{len(found[0].passes)} passes: mean and standard deviation",
        )
        axes.plot(
            [one.workers for one in starting],
            [one.first for one in starting],
            linestyle="none",
            marker="D",
            markerfacecolor="none",
            markeredgewidth=1.5,
            color=COLOURS[1],
            label="first pass, in which the workers start",
        )
        label(
            axes,
            f"Loading and augmenting {images:,} JPEG files",
            "worker processes of the DataLoader",
            "time of a pass [s]",
        )
        only_ticks_at(axes, workers[:: 1 + len(workers) // 20])
        axes.set_ylim(bottom=0)
        axes.margins(x=0.08)
        axes.legend(loc="best")
