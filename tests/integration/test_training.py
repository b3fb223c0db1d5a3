"""The workflows that train on MNIST with Lightning, for real on a copy of the checkout."""

from __future__ import annotations

import csv
import itertools
import math
import re
import struct
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from PIL import Image

from runner.artifacts.reading import recognise
from runner.artifacts.reading.values import Checkpoint
from tests.conftest import ROOT, Result, require
from tests.integration.trained import (
    PATIENCE,
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


@pytest.fixture(scope="module")
def trained(checkout: World) -> Result:
    """``./run_exps.sh``, once for all tests: without GPUs that is ``wf run train-mnist-no-gpu``."""
    done = subprocess.run(
        ["./run_exps.sh"],
        cwd=checkout.project,
        env={**checkout.variables, "WF": f"{sys.executable} -m runner"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    if done.returncode == 78:
        require("training", f"its environment cannot be built here: {done.stderr[-400:]}")
    return Result(done.returncode, done.stdout, done.stderr)


@pytest.fixture(scope="module")
def record(checkout: World, trained: Result) -> Any:
    """The run's document."""
    assert trained.code == 0, trained.err
    return checkout.record()


@pytest.fixture(scope="module")
def artifacts(checkout: World, record: Any) -> Path:
    """Where the artifacts lie."""
    return checkout.folder(record["name"]) / "artifacts"


def test_it_succeeds(trained: Result, record: Any) -> None:
    assert trained.code == 0
    assert record["status"] == "succeeded"
    assert record["exit_code"] == 0
    assert record["workflow"] == "train-mnist-no-gpu"
    assert "✓ succeeded" in trained.err


def test_it_runs_on_one_core_and_no_gpu(record: Any) -> None:
    assert len(record["resources"]["cpus"]) == 1
    assert record["resources"]["gpus"] == []


def test_its_environment_is_on_the_record(record: Any) -> None:
    names = {line.partition("==")[0].partition(" ")[0] for line in record["environment"]["lock"]}
    assert {"torch", "torchvision", "pytorch-lightning", "scikit-learn"} <= names


def test_its_source_is_on_the_record(record: Any) -> None:
    assert len(record["source"]["commit"]) == 40
    assert record["source"]["branch"] == "main"
    assert record["source"]["dirty"] is False


def test_it_learns(artifacts: Path) -> None:
    losses = column(artifacts / "model", "val_loss")
    assert len(losses) >= 2
    assert losses[-1] < losses[0] / 2


def test_it_leaves_a_checkpoint_and_a_picture(artifacts: Path, record: Any) -> None:
    (kept,) = record["artifacts"]
    assert kept["path"] == "model"
    assert kept["files"]
    assert (artifacts / "model" / "example.ckpt").stat().st_size > 10_000


def test_ten_digits_and_their_reconstructions_are_drawn(artifacts: Path) -> None:
    """Each in its place, and none of them blank."""
    side, margin, scale = 28, 4, 3
    with Image.open(artifacts / "model" / "reconstructions.png") as sheet:
        assert sheet.size == ((10 * (side + margin) + margin) * scale, (2 * 32 + margin) * scale)
        for row, column in itertools.product(range(2), range(10)):
            left, top = ((place * (side + margin) + margin) * scale for place in (column, row))
            tile = sheet.crop((left, top, left + side * scale, top + side * scale)).convert("L")
            darkest, lightest = tile.getextrema()
            assert lightest - darkest > 25, (row, column)


def test_the_readme_has_its_last_line(checkout: World, record: Any) -> None:
    """As it is with the digits that stand in for MNIST."""
    printed = re.findall(r"^val_loss (\S+) -> (\S+)$", said(checkout, record), re.MULTILINE)
    if record["notes"]:
        shown = readme("mnist", r"`val_loss (\S+) -> (\S+)`")
        assert [float(each) for each in printed[-1]] == pytest.approx(shown, abs=0.001)


def readme(workflow: str, pattern: str) -> list[float]:
    """The numbers that the README of a workflow shows in the place of a pattern's groups."""
    text = (ROOT / "workflows" / workflow / "README.md").read_text(encoding="utf-8")
    (found,) = re.findall(pattern, text)
    return [float(number) for number in found]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder for what PyTorch saves."""
    return tmp_path_factory.mktemp("saved")


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to train in without wf."""
    return tmp_path_factory.mktemp("elsewhere")


@pytest.fixture(scope="module")
def torch(
    checkout: World,
    record: Any,
    saved: Path,
    elsewhere: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Any:
    """What ``beside/mnist.py`` tells: PyTorch is imported once for all tests."""
    root = tmp_path_factory.mktemp("mnist")
    write_mnist(root / "MNIST" / "raw")
    checkpoint = model(checkout, record) / "example.ckpt"
    data = inputs(checkout, record)
    return beside(checkout, record, "mnist", checkpoint, root, saved, data, elsewhere)


def write_mnist(raw: Path) -> None:
    """Few images, in files of MNIST's own format."""
    raw.mkdir(parents=True)
    for part, count in (("train", 24), ("t10k", 4)):
        pixels = bytes(n % 251 for n in range(count * 28 * 28))
        (raw / f"{part}-images-idx3-ubyte").write_bytes(
            struct.pack(">4I", 0x803, count, 28, 28) + pixels
        )
        labels = bytes(n % 10 for n in range(count))
        (raw / f"{part}-labels-idx1-ubyte").write_bytes(struct.pack(">2I", 0x801, count) + labels)


def test_wf_reads_of_the_checkpoint_what_torch_does(
    checkout: World, record: Any, torch: Any
) -> None:
    address = f"{record['name']}:model/example.ckpt"
    (read,) = checkout.wf("artifacts", "show", address, "--json").json()["files"]
    tensors = [[one["name"], one["shape"], one["dtype"]] for one in read["tensors"]]
    assert torch["checkpoint"] == {
        "tensors": tensors,
        "epoch": read["epoch"],
        "global_step": read["global_step"],
        "lightning": read["lightning"],
        "lr": read["hyper_parameters"]["lr"],
    }
    assert read["parameters"] == sum(math.prod(shape) for _, shape, _ in tensors)


def test_what_a_processor_is_slow_with_is_zero(torch: Any) -> None:
    assert torch["denormal"] == 0


def test_both_loggers_tell_the_same_metrics(checkout: World, record: Any, artifacts: Path) -> None:
    shown = checkout.wf("artifacts", "show", record["name"], "--json").json()["files"]
    told = [file["metrics"] for file in shown if file["kind"] == "metrics"]
    assert len(told) == 2
    for name in ("val_loss", "train_loss_epoch"):
        one, other = (metrics[name] for metrics in told)
        assert one["last"] == pytest.approx(other["last"], rel=1e-6)
        assert one["count"] == other["count"]
        assert record["metrics"][name]["last"] == pytest.approx(one["last"], rel=1e-6)
    losses = column(artifacts / "model", "val_loss")
    assert record["metrics"]["val_loss"]["min"] == pytest.approx(min(losses), rel=1e-6)


def test_wf_reads_whatever_torch_saves(torch: Any, saved: Path) -> None:
    assert torch
    for name in ("zip.pt", "legacy.pt", "module.pt", "script.pt"):
        with (saved / name).open("rb") as file:
            found = recognise.read(file, name)
        assert isinstance(found, Checkpoint), (name, found)
        assert {(one.name, one.shape, one.dtype) for one in found.tensors} == {
            ("0.weight", (3, 4), "float32"),
            ("0.bias", (3,), "float32"),
            ("1.weight", (3,), "float32"),
            ("1.bias", (3,), "float32"),
            ("1.running_mean", (3,), "float32"),
            ("1.running_var", (3,), "float32"),
            ("1.num_batches_tracked", (), "int64"),
        }


def test_the_checkpoint_can_be_loaded(torch: Any) -> None:
    assert torch["reconstructed"] == [2, 784]


def test_the_data_it_used_is_said(checkout: World, trained: Result, record: Any) -> None:
    """MNIST where it can be had; else the stand-in, and that is on the record."""
    said = checkout.wf("logs", record["name"]).out
    if "data: MNIST, 60,000 images" in said:
        assert record["notes"] == []
        return
    (note,) = record["notes"]
    assert "MNIST could not be" in note
    assert "scikit-learn" in note
    assert note in said
    assert f"note: {note}" in trained.err


def test_the_images_are_fetched_once(checkout: World, trained: Result) -> None:
    assert trained.code == 0
    planned = checkout.wf("plan", "train-mnist-no-gpu").out
    assert "reuse prepare-mnist: same code, variables, environment and inputs" in planned
    script = checkout.project / "workflows" / "mnist" / "train.py"
    before = script.read_text(encoding="utf-8")
    script.write_text(before + "# changed\n", encoding="utf-8")
    try:
        assert "reuse prepare-mnist: " in checkout.wf("plan", "train-mnist-no-gpu").out
    finally:
        script.write_text(before, encoding="utf-8")


def test_batches_are_those_of_a_default_loader(torch: Any) -> None:
    """Alone in the order that the seed gives, and of several processes each has its share."""
    assert torch["order"] == [True] * 2
    assert torch["shares"] == [True] * 8
    assert torch["shades"] is True


def test_the_seed_decides_the_order_however_many_processes_there_are(torch: Any) -> None:
    assert torch["seeds"] == [True] * 4


def test_mnist_itself_is_read_where_it_is(torch: Any) -> None:
    """Files in MNIST's own format, and what the loaders make of them."""
    assert torch["mnist"] == [
        "data: MNIST, 24 images\n",
        [[24, 28, 28], [31, 32, 33], [2, 3], None],
        [[4, 28, 28], [31, 32, 33], [2, 3], None],
    ]


def test_the_project_stays_clean(checkout: World, trained: Result) -> None:
    assert trained.code == 0
    status = subprocess.run(
        ["git", "status", "--porcelain", "--ignored"],
        cwd=checkout.project,
        env=checkout.variables,
        capture_output=True,
        check=True,
    )
    assert status.stdout == b""


def test_what_it_left_can_be_listed(checkout: World, record: Any) -> None:
    tree = checkout.wf("artifacts", "tree", record["name"])
    assert tree.code == 0
    for name in ("model/", "example.ckpt", "metrics.csv"):
        assert name in tree.out


def test_all_three_without_a_gpu(trained: Result) -> None:
    """The two that need GPUs are left out, and the summary says so; that is no failure."""
    *_, header, no_gpu, one_gpu, multi_gpu, hint = trained.out.splitlines()
    assert header.split() == ["workflow", "exit", "meaning"]
    assert no_gpu.split() == ["train-mnist-no-gpu", "0", "ok"]
    assert one_gpu.split(maxsplit=2)[:2] == ["train-mnist-one-gpu", "-"]
    assert multi_gpu.split(maxsplit=2)[:2] == ["train-mnist-multi-gpu", "-"]
    assert "left out: asks for 1 GPU; this machine has no GPU" in one_gpu
    assert "left out: asks for 4 GPUs; this machine has no GPU" in multi_gpu
    assert "./run_exps.sh --simulate-gpus" in hint
    assert "== compared" not in trained.out


def test_the_same_training_gives_the_same_to_the_last_bit(artifacts: Path, torch: Any) -> None:
    """With `wf` and without."""
    first = (artifacts / "model" / "metrics.csv").read_bytes()
    assert first.count(b"\n") > 5
    assert first == torch["again"].encode()


@pytest.fixture(scope="module")
def resumed(checkout: World, record: Any) -> Any:
    """What was begun on the CPU and stopped goes on with two processes in the place of two GPUs."""
    assert record["status"] == "succeeded"
    words = ("--epochs", "3", "--limit-train-batches", "1", "--batch-size", "2")
    last = "checkpoints/last.ckpt"
    multi_gpu = ("train-mnist-multi-gpu", "--gpus", "0")
    name = stopped(checkout, *multi_gpu, "--", *words, saved=last)
    fewer = ("--", "--epochs", "3", "--batch-size", "16")  # steps
    return resume(checkout, name, "--gpus", "2", "--simulate-gpus", *fewer)


def test_a_run_that_was_stopped_goes_on_after_its_last_epoch(checkout: World, resumed: Any) -> None:
    """With the words that stood behind ``--``."""
    at = re.search(r"^resumed at epoch ([23]) of 3$", said(checkout, resumed), re.MULTILINE)
    assert at is not None
    left = model(checkout, resumed)
    assert (left / f"metrics.{resumed['resumed_from']}.csv").exists()
    # what was trained is not trained again, and all of it was trained
    trained = [row["epoch"] for row in rows(left / "metrics.csv") if row["train_loss_epoch"]]
    assert trained == [str(epoch) for epoch in range(int(at[1]) - 1, 3)]
    # nor is the network as it was measured again at the first step
    assert all(int(row["step"]) > 0 for row in rows(left / "metrics.csv"))
    assert (left / "example.ckpt").exists()


def test_two_processes_bring_the_loss_further_down(
    checkout: World, artifacts: Path, resumed: Any
) -> None:
    left = model(checkout, resumed)
    # with the same seed the network began as it did there; the run that was stopped may not have
    # come to write down what it measured first
    first = column(artifacts / "model", "val_loss")[0]
    losses, trained = (column(left, name) for name in ("val_loss", "train_loss_epoch"))
    assert losses[-1] < first / 2
    # of images that are alike: a sum over the processes would be twice as much
    assert trained[-1] == pytest.approx(losses[-1], rel=0.5)


def test_two_processes_measure_what_one_does(torch: Any) -> None:
    """Of a network that stays as it is: each has its share, and what they report is of both."""
    two, one = torch["shared"]
    for counted in (two, one):
        # of an odd number of images, one counts twice where two processes share them out
        assert counted.pop("guesses") - counted.pop("images") in (0, 1)
    assert set(one) == {"train_loss_epoch", "val_loss", "val_acc", "test_loss", "test_acc"}
    assert two == pytest.approx(one, rel=1e-4)


def test_a_training_that_is_over_is_measured_at_its_end(torch: Any) -> None:
    """Where one goes on from it: there is nothing left to train."""
    (again,) = csv.DictReader(torch["ended"]["metrics"].splitlines())
    trained = csv.DictReader(torch["again"].splitlines())
    assert again["val_loss"] == [row["val_loss"] for row in trained if row["val_loss"]][-1]
    assert again["epoch"] == "1"
    assert int(again["step"]) > 0
    assert torch["ended"]["said"].startswith("resumed after epoch 1 of 1\n")


def test_ranks_on_the_cpu_stand_in_for_several_gpus(checkout: World, resumed: Any) -> None:
    assert resumed["workflow"] == "train-mnist-multi-gpu"
    assert resumed["resources"]["simulated_gpus"] == 2
    assert "simulated GPUs: 2 ranks on the CPU, joined by gloo" in resumed["notes"]
    assert "Starting with 2 processes" in said(checkout, resumed)
    (kept,) = resumed["artifacts"]
    assert kept["path"] == "model"
    assert kept["files"]


@pytest.fixture(scope="module")
def classified(checkout: World, record: Any) -> Any:
    """The document of ``wf run classify-mnist``."""
    assert record["status"] == "succeeded"
    return train(checkout, "classify-mnist")


@pytest.fixture(scope="module")
def folder(checkout: World, classified: Any) -> Path:
    """What it left."""
    return model(checkout, classified)


def test_the_classifier_learns(folder: Path) -> None:
    accuracies, losses = column(folder, "val_acc"), column(folder, "val_loss")
    assert len(accuracies) == len(losses) == 5
    assert accuracies[-1] > 0.8
    assert losses[-1] < losses[0] / 2


def test_it_is_tested_at_the_end(checkout: World, classified: Any, folder: Path) -> None:
    """On images that it was not trained on, so that the accuracies are alike."""
    (accuracy,) = column(folder, "test_acc")
    assert rows(folder / "metrics.csv")[-1]["test_acc"]
    assert accuracy == pytest.approx(max(column(folder, "val_acc")), abs=0.15)
    assert f"test_acc {accuracy:.4f}" in said(checkout, classified)
    with (folder / "checkpoints" / "best.ckpt").open("rb") as file:
        best = recognise.read(file, "best.ckpt")
    assert isinstance(best, Checkpoint)
    assert {(one.name, one.shape) for one in best.tensors} == {
        ("layers.0.weight", (128, 784)),
        ("layers.0.bias", (128,)),
        ("layers.2.weight", (10, 128)),
        ("layers.2.bias", (10,)),
    }


def test_the_readme_has_what_the_test_comes_to(
    checkout: World, classified: Any, folder: Path
) -> None:
    """As it is with the digits that stand in for MNIST."""
    (accuracy,), (loss,) = (column(folder, name) for name in ("test_acc", "test_loss"))
    assert f"test_acc {accuracy:.4f}, test_loss {loss:.4f}" in said(checkout, classified)
    if classified["notes"]:
        shown = readme("classify_mnist", r"`test_acc (\S+), test_loss (\S+)`")
        assert [accuracy, loss] == pytest.approx(shown, abs=0.003)  # less than one image


def test_the_best_epoch_is_what_is_tested(torch: Any) -> None:
    """Not the last one; also where a run goes on from one that had come to its last epoch."""
    worsened = torch["worsened"]
    losses = worsened["losses"]
    assert min(losses) < losses[-1] / 1.2
    assert worsened["of best"] < worsened["of last"] / 1.02
    epoch, step, loss = worsened["tested"]
    assert loss == pytest.approx(worsened["of best"], rel=1e-5)
    assert epoch == str(len(losses))
    assert int(step) > 0
    assert worsened["tested again"] == worsened["tested"]


def test_the_classifier_leaves_checkpoints_and_a_picture(folder: Path) -> None:
    assert (folder / "checkpoints" / "last.ckpt").exists()
    assert png_size(folder / "confusion.png") == (600, 600)


def test_the_same_classifier_is_the_same_to_the_last_bit(folder: Path, torch: Any) -> None:
    """With `wf` and without."""
    assert torch["classified"]["metrics"].encode() == (folder / "metrics.csv").read_bytes()


def test_the_classifier_goes_on_from_a_checkpoint(torch: Any, elsewhere: Path) -> None:
    assert "resumed at epoch 6 of 6\n" in torch["classified"]["resumed"]
    left = elsewhere / "classified" / "on" / "model"
    assert (left / "metrics.it.csv").read_bytes() == torch["classified"]["metrics"].encode()
    epochs = [row["epoch"] for row in rows(left / "metrics.csv") if row["val_loss"]]
    assert epochs == ["5"]
    # the best is that of all epochs
    kept = {path.name for path in (left / "checkpoints").iterdir()}
    assert kept == {"best.ckpt", "last.ckpt"}
    (accuracy,) = column(left, "test_acc")
    assert f"test_acc {accuracy:.4f}" in torch["classified"]["resumed"]


def test_the_images_are_those_of_the_other_workflows(
    checkout: World, record: Any, classified: Any
) -> None:
    assert classified["dependencies"] == record["dependencies"]
    assert [each["workflow"] for each in record["dependencies"]] == ["prepare-mnist"]
    planned = checkout.wf("plan", "classify-mnist").out
    assert "reuse prepare-mnist: same code, variables, environment and inputs" in planned
