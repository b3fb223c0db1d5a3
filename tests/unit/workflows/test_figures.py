"""The curves that are drawn of a training, over all runs and attempts that it took."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from common import figures

if TYPE_CHECKING:
    from pathlib import Path


def measured(path: Path, written: int, rows: str) -> None:
    """A file of metrics that was written at a time."""
    path.write_text("epoch,step,val_acc,train_loss\n" + rows)
    os.utime(path, (written, written))


def test_epochs_are_those_of_all_runs_in_the_order_in_which_they_were(tmp_path: Path) -> None:
    """An epoch that two of them have was made again: the later one counts."""
    measured(tmp_path / "metrics.wet-mango-1.csv", 10, "0,9,0.25,\n1,19,0.5,\n")
    measured(tmp_path / "metrics.wet-mango-1.2.csv", 20, "1,19,0.625,\n1,19,,0.1\n2,29,0.75,\n")
    measured(tmp_path / "metrics.csv", 30, "2,29,0.875,\n3,39,1.0,\n")
    assert figures.curve(tmp_path, "val_acc") == [(0, 0.25), (1, 0.625), (2, 0.875), (3, 1.0)]
