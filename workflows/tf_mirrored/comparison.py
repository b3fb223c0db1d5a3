"""Both trainings side by side: a table for people, one for programs, and a picture."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from common.plots import COLOURS, label, panels

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


HEADER = ("training", "devices", "seconds", "images_per_s", "speed_up", "loss", "accuracy")
WORDS = 2  # columns of them


def table(results: Sequence[Result]) -> list[list[str]]:
    """A row of the table for each training; the speed-up is against the first."""
    rows = []
    for each in results:
        speed_up = each.pace / results[0].pace if results[0].pace else 0.0
        numbers = (f"{each.seconds:.2f}", f"{each.pace:.0f}", f"{speed_up:.2f}")
        rows.append([each.name, each.devices, *numbers, f"{each.loss:.4f}", f"{each.accuracy:.4f}"])
    return rows


def draw(path: Path, results: Sequence[Result], metrics: Metrics) -> None:
    """Draw the losses, which should lie on each other, and how fast each training was."""
    with panels(path, 2) as (left, right):
        for each, style in zip(results, ("-", "--"), strict=True):
            left.plot(*metrics.curve(f"{each.name}_loss"), style, label=each.name)
        label(left, "The same losses", "step", "loss of training, mean of the epoch")
        left.legend()
        bars = right.bar(
            [f"{each.name}\n{each.devices}" for each in results],
            [each.pace for each in results],
            color=COLOURS[: len(results)],
            width=0.6,
        )
        right.bar_label(bars, fmt="%.0f")
        label(right, "And how fast", "", "pace [images/s]")
        right.grid(visible=False, axis="x")
        right.margins(y=0.12)
