"""`train-fashion` on a copy of the checkout: two ways of training that come to the same."""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.trained import (
    beside,
    column,
    inputs,
    model,
    png_size,
    resume,
    rows,
    said,
    stopped,
    train,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

EPOCHS, STEPS = 8, 7
SMALL = ("--share", "0.15", "--epochs", str(EPOCHS))
METRICS = ("train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc")


@pytest.fixture(scope="module")
def converted(checkout: World) -> Any:
    """``wf run train-fashion`` with Lightning, and what it depends on, once for all tests."""
    return train(checkout, "train-fashion", "--style", "lightning", *SMALL)


@pytest.fixture(scope="module")
def plain(checkout: World, converted: Any) -> Any:
    """The same with a plain loop, which is stopped and goes on."""
    assert converted["status"] == "succeeded"
    words = ("train-fashion", "--style", "plain", *SMALL)
    return resume(checkout, stopped(checkout, *words, saved="checkpoints/last.ckpt"))


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to train in without wf."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def alone(checkout: World, converted: Any, elsewhere: Path) -> Any:
    """What ``beside/fashion.py`` tells, with the plain loop in one go.

    PyTorch is imported once for all tests.
    """
    weights = model(checkout, converted) / "weights.pt"
    return beside(
        checkout, converted, "fashion", inputs(checkout, converted), elsewhere, weights, *SMALL
    )


@pytest.fixture(scope="module")
def both(checkout: World, converted: Any, alone: Any, elsewhere: Path) -> list[Path]:
    """What the plain loop and Lightning have left."""
    assert alone
    return [elsewhere / "plain" / "model", model(checkout, converted)]


def test_the_plain_loop_and_lightning_come_to_the_same(both: list[Path]) -> None:
    one, other = both
    for name in METRICS:
        values = column(one, name)
        assert values
        assert values == pytest.approx(column(other, name), rel=1e-5, abs=1e-6), name


def test_both_log_at_the_same_steps(both: list[Path]) -> None:
    steps = [
        {(row["epoch"], row["step"]) for row in rows(folder / "metrics.csv") if row["train_loss"]}
        for folder in both
    ]
    assert steps[0] == steps[1]
    assert len(steps[0]) == EPOCHS * STEPS // 5


def test_they_learn(both: list[Path]) -> None:
    for folder in both:
        losses = column(folder, "val_loss")
        assert len(losses) == EPOCHS
        assert all(math.isfinite(loss) for loss in losses)
        assert min(losses) < losses[0] / 2
        (accuracy,) = column(folder, "test_acc")
        assert accuracy > 0.5


def test_the_pictures_are_of_the_size_they_say(both: list[Path]) -> None:
    for folder in both:
        assert png_size(folder / "guesses.png") == (1000, 500)


def test_tensorboard_tells_what_the_table_does(alone: Any, both: list[Path]) -> None:
    for name in METRICS:
        assert alone["board"][name] == pytest.approx(column(both[0], name), rel=1e-6)


def test_the_data_was_fetched_once_for_both(plain: Any, converted: Any) -> None:
    (prepared,) = plain["dependencies"]
    assert prepared["workflow"] == "prepare-fashion"
    assert converted["dependencies"] == plain["dependencies"]


def test_the_weights_of_one_fit_the_other(alone: Any) -> None:
    """They are of one network."""
    assert alone["agree"] == [True, [6, 10]]


def test_fashion_mnist_itself_can_be_read(alone: Any) -> None:
    """Files in its own format, here with few images."""
    assert alone["fashion"] == {
        "pixels": [0, 1, 2, 3, 4, 5],
        "labels": [0, 1, 2, 3, 4, 5],
        "tested": [0, 1],
        "name": "Ankle boot",
        "missing": None,
        "parts": [2, 1, 2],
    }


def test_sixteen_bits(both: list[Path], alone: Any, elsewhere: Path) -> None:
    """Not of float16 on a CPU: what is used instead is said."""
    assert "precision: 16-mixed is for GPUs; bf16-mixed is used on the CPU" in alone["notes"]
    losses, whole = (
        column(folder, "val_loss")[:2] for folder in (elsewhere / "half" / "model", both[1])
    )
    assert len(losses) == 2
    assert losses != whole
    assert losses == pytest.approx(whole, rel=0.2)


def test_a_stopped_run_comes_to_the_same_end(checkout: World, plain: Any, both: list[Path]) -> None:
    """With `wf` and without: two trainings give the same metrics to the last bit."""
    told = said(checkout, plain)
    at = re.search(rf"^resumed at epoch (\d+) of {EPOCHS}$", told, re.MULTILINE)
    assert at is not None
    ended, whole = model(checkout, plain), both[0]
    assert (ended / f"metrics.{plain['resumed_from']}.csv").exists()
    left = EPOCHS + 1 - int(at[1])
    assert 0 < left < EPOCHS
    for metric in ("train_acc", "val_acc", "val_loss"):
        assert column(ended, metric) == column(whole, metric)[-left:], metric
    for metric in ("test_acc", "test_loss"):
        assert column(ended, metric) == column(whole, metric), metric
    assert (ended / "weights.pt").exists()
    assert png_size(ended / "guesses.png") == (1000, 500)
