"""`classify-cifar10` on a copy of the checkout: what it learns and leaves behind."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import pytest

from runner.artifacts.reading.protobuf import BYTES, fields
from runner.artifacts.reading.records import records
from tests.integration.trained import (
    GRAPH,
    beside,
    column,
    inputs,
    model,
    png_size,
    rows,
    said,
    train,
)

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

SMALL = {"epochs": "2", "batch-size": "32", "limit-train-batches": "0.08"}


@pytest.fixture(scope="module")
def record(checkout: World) -> Any:
    """``wf run classify-cifar10``, and with it what it depends on, once for all tests."""
    words = (word for name, value in SMALL.items() for word in (f"--{name}", value))
    return train(checkout, "classify-cifar10", *words)


@pytest.fixture(scope="module")
def folder(checkout: World, record: Any) -> Path:
    """What it left."""
    return model(checkout, record)


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to train in without wf."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def alone(checkout: World, record: Any, folder: Path, elsewhere: Path) -> Any:
    """What ``beside/cifar10.py`` tells: PyTorch is imported once for all tests."""
    words = (f"--{name}={value}" for name, value in SMALL.items())
    data = inputs(checkout, record)
    return beside(checkout, record, "cifar10", data, folder, elsewhere, *words)


@pytest.fixture(scope="module")
def tried(checkout: World, record: Any) -> Any:
    """A dev run on two simulated GPUs, with a profiler, of the same data."""
    assert record["status"] == "succeeded"
    words = ("--gpus", "2", "--simulate-gpus", "--fast_dev_run", "true", "--profiler", "simple")
    return train(checkout, "classify-cifar10", *words)


def test_it_learns_and_says_so_each_epoch(folder: Path) -> None:
    for name in ("train_acc", "val_acc", "val_loss", "train_loss_epoch"):
        values = column(folder, name)
        assert len(values) == 2
        assert all(math.isfinite(value) for value in values)
    assert len(column(folder, "train_loss_step")) == 2 * 9 // 5  # every fifth step
    losses = column(folder, "train_loss_epoch")
    assert losses[1] < losses[0]
    (accuracy,) = column(folder, "test_acc")
    assert accuracy > 0.15  # one in ten is right by chance


def test_its_data_was_fetched_by_a_run_of_its_own(checkout: World, record: Any) -> None:
    (prepared,) = record["dependencies"]
    assert prepared["workflow"] == "prepare-cifar10"
    told = checkout.wf("logs", prepared["run"]).out
    assert "data: CIFAR-10" in told
    if "could not be" in told:
        assert any("photographs that ship with" in note for note in record["notes"])
    assert {artifact["path"] for artifact in record["artifacts"]} == {"model"}


def test_the_same_training_gives_the_same_to_the_last_bit(folder: Path, alone: Any) -> None:
    """With `wf` and without."""
    assert alone["metrics"].encode() == (folder / "metrics.csv").read_bytes()


def test_it_goes_on_from_a_checkpoint(alone: Any, elsewhere: Path) -> None:
    assert "resumed at epoch 3 of 3\n" in alone["resumed"]
    left = elsewhere / "on" / "model"
    assert (left / "metrics.it.csv").read_bytes() == alone["metrics"].encode()
    assert [row["epoch"] for row in rows(left / "metrics.csv") if row["val_loss"]] == ["2"]
    (accuracy,) = column(left, "test_acc")
    assert f"test_acc {accuracy:.4f}" in alone["resumed"]
    # the best is that of all epochs
    assert len(list((left / "checkpoints").glob("epoch=*.ckpt"))) == 1


def test_the_picture_is_of_the_size_it_says(folder: Path) -> None:
    assert png_size(folder / "guesses.png") == (1000, 500)


def test_tensorboard_has_the_graph_and_the_weights_of_each_epoch(
    checkout: World, record: Any, folder: Path
) -> None:
    shown = checkout.wf("artifacts", "show", record["name"], "--json").json()["files"]
    (board,) = [one for one in shown if one.get("format") == "tensorboard"]
    parameters = 14  # two blocks of four, three layers of two
    assert board["others"]["histograms"] == 2 * parameters
    graphs = [graph for path in (folder / "tensorboard").glob("events*") for graph in drawn(path)]
    assert any(b"Conv2d" in graph and b"BatchNorm2d" in graph for graph in graphs)


def drawn(path: Path) -> list[bytes]:
    """The graphs in a file of events."""
    with path.open("rb") as file:
        events = [event for event in records(file) if event is not None]
    return [value for event in events for field, value in fields(event) if field == (GRAPH, BYTES)]


def test_the_best_checkpoint_is_what_is_kept(folder: Path, alone: Any) -> None:
    assert (folder / "checkpoints" / "last.ckpt").exists()
    assert alone["kept"] == [[2, 800], [2, 10], True]


def test_a_dev_run_tries_every_part_and_keeps_no_metrics(checkout: World, tried: Any) -> None:
    left = model(checkout, tried)
    assert not (left / "metrics.csv").exists()
    assert not (left / "guesses.png").exists()
    assert not (left / "checkpoints").exists()
    told = said(checkout, tried)
    assert "will run the requested loop using 1 batch" in told
    assert "test_acc" in told


def test_it_runs_on_simulated_gpus(checkout: World, tried: Any) -> None:
    assert tried["resources"]["simulated_gpus"] == 2
    assert "Starting with 2 processes" in said(checkout, tried)


def test_each_profiler_reports(checkout: World, tried: Any, alone: Any) -> None:
    reports = list((model(checkout, tried) / "profile").glob("fit-simple*.txt"))
    assert reports
    assert "run_training_batch" in reports[0].read_text(encoding="utf-8")
    assert "Profile stats for: [Strategy]" in alone["tried"]["advanced"]
    assert "aten::convolution" in alone["tried"]["pytorch"]


def test_the_parts_of_the_stand_in_share_no_tile(alone: Any) -> None:
    assert alone["stand-in"] == {
        "shared": 0,
        "missing": "a test",
        "parts": [400, 3600, 200],
        "classes": [20] * 10,
    }


def test_cifar10_itself_can_be_read(alone: Any) -> None:
    assert alone["cifar10"] == {
        "train": [20, 3, 32, 32],
        "test": [4, 3, 32, 32],
        "second batch": [101, 1, 1],
        "labels": [0, 1, 2, 3, 4],
        "tested": [5] * 4,
        "names": "abcdefghij",
        "missing": None,
        "validated of 50,000": 5000,
    }
