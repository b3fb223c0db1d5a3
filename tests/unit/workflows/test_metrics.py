"""Metrics that no logger writes."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.metrics import Metrics

if TYPE_CHECKING:
    from pathlib import Path

NAMES = ("loss", "val_loss")


def filled(path: Path) -> Metrics:
    metrics = Metrics(path, NAMES)
    metrics.add(0, 10, loss=0.5)
    metrics.add(0, 12, val_loss=0.25)
    metrics.add(1, 20, loss=1e-07)
    metrics.save()
    return metrics


def test_what_is_not_known_is_empty(tmp_path: Path) -> None:
    filled(tmp_path / "metrics.csv")
    assert (tmp_path / "metrics.csv").read_text() == (
        "step,epoch,loss,val_loss\n10,0,0.5,\n12,0,,0.25\n20,1,1e-07,\n"
    )
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.csv"]


def test_a_run_that_goes_on_adds_to_the_file(tmp_path: Path) -> None:
    path = tmp_path / "metrics.csv"
    before = filled(path)
    after = Metrics(path, NAMES)
    assert after.curve("loss") == before.curve("loss") == ([10, 20], [0.5, 1e-07])
    assert after.last("val_loss") == 0.25
    after.add(1, 24, val_loss=0.125)
    after.save()
    assert path.read_text().endswith("20,1,1e-07,\n24,1,,0.125\n")


def test_steps_that_are_made_again_are_forgotten_for_their_metrics_alone(tmp_path: Path) -> None:
    metrics = filled(tmp_path / "metrics.csv")
    metrics.forget_after(10, ["loss"])
    assert metrics.curve("loss") == ([10], [0.5])
    assert metrics.curve("val_loss") == ([12], [0.25])
    metrics.forget_after(0, NAMES)
    assert metrics.last("loss") is None
    assert metrics.last("val_loss") is None
