"""The folder of a training's results, as a run begins: what is there is removed, or set aside."""

from __future__ import annotations

import os
import shutil
from itertools import chain, count
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def remove_outputs(folder: Path, *names: str) -> None:
    """Remove what an earlier run wrote, so that the folder never mixes two runs.

    That is its metrics, its checkpoints, what TensorBoard shows, and ``names`` in the folder.
    """
    for name in ("hparams.yaml", *names):
        (folder / name).unlink(missing_ok=True)
    for metrics in folder.glob("metrics*.csv"):
        metrics.unlink()
    for name in ("checkpoints", "tensorboard", "profile"):
        shutil.rmtree(folder / name, ignore_errors=True)


def set_metrics_aside(folder: Path) -> None:
    """Keep what was measured before: Lightning's logger begins its file anew.

    The file is named after the run that this one goes on from. Where there is one of that name, as
    in a further attempt of a run, it gets a number.
    """
    metrics = folder / "metrics.csv"
    if metrics.exists():
        name = os.environ.get("WF_RESUMED_FROM", "before")
        names = chain([name], (f"{name}.{number}" for number in count(2)))
        places = (folder / f"metrics.{each}.csv" for each in names)
        metrics.rename(next(place for place in places if not place.exists()))
