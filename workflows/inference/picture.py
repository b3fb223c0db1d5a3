"""A plot of how many samples pass in a second."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.plots import MARKERS, label, only_ticks_at, panels

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from forms import Form
    from infer import Compared

ROOM = 1.3  # for the legend, above the highest of all


def plot_throughput(
    path: Path, network: str, pair: tuple[Form, Form], found: Sequence[Compared]
) -> None:
    """Draw samples per second over the batch size for both forms: median, lowest and highest."""
    sizes = [one.batch_size for one in found]
    with panels(path) as (axes,):
        measured = ([one.alone for one in found], [one.together for one in found])
        for form, rates, marker in zip(pair, measured, MARKERS, strict=False):
            medians = [rate.median for rate in rates]
            spread = (
                [rate.median - rate.low for rate in rates],
                [rate.high - rate.median for rate in rates],
            )
            axes.errorbar(sizes, medians, yerr=spread, marker=marker, label=form.name)
        label(
            axes,
            f"Inference with {network}: median, lowest and highest",
            "batch size [samples]",
            "throughput [samples/s]",
        )
        axes.set_xscale("log", base=2)
        only_ticks_at(axes, sizes)
        highest = max(rate.high for one in found for rate in (one.alone, one.together))
        axes.set_ylim(0, ROOM * highest)
        axes.legend(loc="upper left")
