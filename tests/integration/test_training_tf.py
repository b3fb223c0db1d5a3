"""The workflow ``tf-mirrored``, trained for real on a copy of the checkout.

TensorFlow takes long to import: there is one run, and one more that is stopped and gone on from.
"""

from __future__ import annotations

import zipfile
from typing import TYPE_CHECKING, Any

import pytest

from tests.integration.trained import beside, inputs, png_size, resume, rows, said, stopped, train
from tests.integration.trained import model as kept_by

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

# some steps only, but more than one in an epoch
SMALL = ("--epochs", "2", "--limit-train-batches", "0.5")
NAMES = ("single", "mirrored")


@pytest.fixture(scope="module")
def record(checkout: World) -> Any:
    """The document of ``wf run tf-mirrored``, once for all tests."""
    return train(checkout, "tf-mirrored", *SMALL)


@pytest.fixture(scope="module")
def model(checkout: World, record: Any) -> Path:
    """What it has kept."""
    return kept_by(checkout, record)


def curve(model: Path, name: str) -> list[tuple[str, str]]:
    """The steps at which a metric is known, and its values there, as they stand in the file."""
    return [(row["step"], row[name]) for row in rows(model / "metrics.csv") if row[name]]


def values(model: Path, name: str) -> list[float]:
    return [float(value) for _, value in curve(model, name)]


def test_both_are_timed_and_compared(checkout: World, record: Any, model: Path) -> None:
    table = rows(model / "comparison.csv")
    assert [row["training"] for row in table] == list(NAMES)
    assert [row["devices"] for row in table] == ["1 logical CPU", "2 logical CPUs"]
    assert all(float(row["images_per_s"]) > 0 for row in table)
    assert table[0]["speed_up"] == "1.00"
    ratio = float(table[1]["images_per_s"]) / float(table[0]["images_per_s"])
    assert float(table[1]["speed_up"]) == pytest.approx(ratio, abs=0.02)
    told = said(checkout, record)
    for row in table:
        assert "  ".join((row["training"].ljust(8), row["devices"].ljust(14))) in told
    assert png_size(model / "comparison.png") == (900, 487)


def test_one_device_is_mirrored_as_several_are(
    checkout: World, record: Any, tmp_path: Path
) -> None:
    """Else its speed-up would be that of a thing against itself; that it is one is said."""
    words = ("--replicas", "1", "--epochs", "1", "--limit-train-batches", "0.1")
    told = beside(checkout, record, "tf_mirrored", inputs(checkout, record), tmp_path, *words)
    assert told["mirrored"] == "MirroredStrategy"
    assert told["single"] == "NoneType"
    assert [row["devices"] for row in rows(tmp_path / "model" / "comparison.csv")] == [
        "1 logical CPU"
    ] * 2
    assert any(line.startswith("devices: 1 logical CPU only") for line in told["notes"])
    assert not any(line.startswith("devices:") for line in record["notes"])


def test_one_device_and_several_learn_the_same(model: Path) -> None:
    """As the batches are the same, only the order in which they are added up is another one."""
    for what in ("loss", "val_loss"):
        single, mirrored = (values(model, f"{name}_{what}") for name in NAMES)
        assert mirrored == pytest.approx(single, rel=1e-3)
        assert single[-1] < single[0]
    table = rows(model / "comparison.csv")
    assert float(table[0]["accuracy"]) == pytest.approx(float(table[1]["accuracy"]), abs=0.01)
    assert float(table[0]["accuracy"]) > 0.5  # of ten digits


def test_the_mirrored_training_is_what_is_compared(checkout: World, record: Any) -> None:
    """The other one has a phase of its own."""
    (prepared,) = record["dependencies"]
    compared = checkout.wf("compare", record["name"], prepared["run"], "--json").json()
    run = compared["runs"][0]
    images = {name: run["samples"][name] for name in ("fit-single", "fit")}
    assert images["fit"] == images["fit-single"] > 0
    assert run["phases"]["fit-single"] > 0
    assert run["throughput"] == pytest.approx(images["fit"] / run["phases"]["fit"])


def test_wf_reads_the_metrics(record: Any, model: Path) -> None:
    told = record["metrics"]["mirrored_val_accuracy"]
    assert told["last"] == pytest.approx(values(model, "mirrored_val_accuracy")[-1])


def test_the_networks_are_kept(model: Path) -> None:
    for name in NAMES:
        with zipfile.ZipFile(model / f"{name}.keras") as kept:
            assert {"config.json", "model.weights.h5"} <= set(kept.namelist())
    assert not list(model.glob("*partial*"))


def test_the_data_it_used_is_said(checkout: World, record: Any) -> None:
    """MNIST where it can be had; else the stand-in, and that is on the record."""
    assert [each["workflow"] for each in record["dependencies"]] == ["prepare-mnist-keras"]
    if "data: MNIST, 55,000 to train on" in said(checkout, record):
        return
    (note,) = (note for note in record["notes"] if note.startswith("data:"))
    assert "scikit-learn" in note


def test_stopped_and_gone_on_from_it_comes_to_the_same_to_the_last_bit(
    checkout: World, record: Any, model: Path
) -> None:
    assert record["status"] == "succeeded"
    name = stopped(checkout, "tf-mirrored", *SMALL, saved="single.keras")
    again = resume(checkout, name)
    told = said(checkout, again)
    assert "single: resumed at epoch " in told
    assert "single: epoch 1 of 2" not in told
    resumed = kept_by(checkout, again)
    for training in NAMES:
        for what in ("loss", "val_loss", "val_accuracy"):
            assert curve(resumed, f"{training}_{what}") == curve(model, f"{training}_{what}")
