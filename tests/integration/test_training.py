"""The repository's own workflows, trained for real on a copy of the checkout."""

from __future__ import annotations

import csv
import json
import math
import re
import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from runner.artifacts.reading import recognise
from runner.artifacts.reading.values import Checkpoint
from tests.conftest import CACHE, ROOT, Result, make_world, program, require, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = [pytest.mark.integration, pytest.mark.training]

# a first run downloads torch
PATIENCE = 1800


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> World:
    """What a user has after cloning, in a home whose environments outlive the tests."""
    require("git", program("git"))
    made = make_world(tmp_path_factory.mktemp("training"))
    made.variables["WF_CACHE"] = str(CACHE / "wf")
    made.variables["CUDA_VISIBLE_DEVICES"] = ""  # the same on a machine with GPUs
    for name in (".dstack", "workflows"):
        ignored = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, made.project / name, ignore=ignored)
    shutil.copy(ROOT / "run_exps.sh", made.project)
    made.git()
    return made


@pytest.fixture(scope="module")
def trained(checkout: World) -> Result:
    """``wf run train-mnist-no-gpu``, once for all tests."""
    done = checkout.wf("run", "train-mnist-no-gpu", timeout=PATIENCE)
    if done.code == 78:
        require("training", f"its environment cannot be built here: {done.err[-400:]}")
    return done


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
    with (artifacts / "model" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file) if row.get("val_loss")]
    assert len(losses) >= 2
    assert losses[-1] < losses[0] / 2


def test_it_leaves_a_checkpoint_and_a_picture(artifacts: Path, record: Any) -> None:
    kept = {artifact["path"]: artifact for artifact in record["artifacts"]}
    assert set(kept) == {"data", "model"}
    assert all(artifact["files"] for artifact in kept.values())
    assert (artifacts / "model" / "example.ckpt").stat().st_size > 10_000
    assert (artifacts / "model" / "reconstructions.png").read_bytes().startswith(b"\x89PNG")


def test_wf_reads_of_the_checkpoint_what_torch_does(
    checkout: World, record: Any, artifacts: Path
) -> None:
    path = artifacts / "model" / "example.ckpt"
    code = (
        "import json, sys, torch\n"
        "found = torch.load(sys.argv[1], map_location='cpu', weights_only=False)\n"
        "tensors = [[name, list(one.shape), str(one.dtype)[6:]]\n"
        "           for name, one in found['state_dict'].items()]\n"
        "print(json.dumps({'tensors': tensors, 'epoch': found['epoch'],\n"
        "    'global_step': found['global_step'],\n"
        "    'lightning': found['pytorch-lightning_version'],\n"
        "    'lr': found['hyper_parameters']['lr']}))\n"
    )
    done = in_its_environment(checkout, record, code, path)
    assert done.returncode == 0, done.stderr
    address = f"{record['name']}:model/example.ckpt"
    (read,) = checkout.wf("artifacts", "show", address, "--json").json()["files"]
    tensors = [[one["name"], one["shape"], one["dtype"]] for one in read["tensors"]]
    assert json.loads(done.stdout) == {
        "tensors": tensors,
        "epoch": read["epoch"],
        "global_step": read["global_step"],
        "lightning": read["lightning"],
        "lr": read["hyper_parameters"]["lr"],
    }
    assert read["parameters"] == sum(math.prod(shape) for _, shape, _ in tensors)


def test_both_loggers_tell_the_same_metrics(checkout: World, record: Any, artifacts: Path) -> None:
    shown = checkout.wf("artifacts", "show", record["name"], "--json").json()["files"]
    told = [file["metrics"] for file in shown if file["kind"] == "metrics"]
    assert len(told) == 2
    for name in ("val_loss", "train_loss_epoch"):
        one, other = (metrics[name] for metrics in told)
        assert one["last"] == pytest.approx(other["last"], rel=1e-6)
        assert one["count"] == other["count"]
        assert record["metrics"][name]["last"] == pytest.approx(one["last"], rel=1e-6)
    with (artifacts / "model" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        losses = [float(row["val_loss"]) for row in csv.DictReader(file) if row.get("val_loss")]
    assert record["metrics"]["val_loss"]["min"] == pytest.approx(min(losses), rel=1e-6)


def test_wf_reads_whatever_torch_saves(checkout: World, record: Any, tmp_path: Path) -> None:
    code = (
        "import sys, torch\n"
        "net = torch.nn.Sequential(torch.nn.Linear(4, 3), torch.nn.BatchNorm1d(3))\n"
        "torch.save(net.state_dict(), sys.argv[1] + '/zip.pt')\n"
        "torch.save(net.state_dict(), sys.argv[1] + '/legacy.pt',\n"
        "           _use_new_zipfile_serialization=False)\n"
        "torch.save(net, sys.argv[1] + '/module.pt')\n"
        "torch.jit.script(net).save(sys.argv[1] + '/script.pt')\n"
    )
    done = in_its_environment(checkout, record, code, tmp_path)
    assert done.returncode == 0, done.stderr
    for name in ("zip.pt", "legacy.pt", "module.pt", "script.pt"):
        with (tmp_path / name).open("rb") as file:
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


def in_its_environment(
    checkout: World, record: Any, code: str, path: Path
) -> subprocess.CompletedProcess[str]:
    """Run code in the environment that the workflow trained in, beside its model."""
    fingerprint = record["environment"]["fingerprint"]
    python = CACHE / "wf" / "environments" / fingerprint / "venv" / "bin" / "python"
    return subprocess.run(
        [python, "-c", code, path],
        cwd=checkout.project / "workflows" / "mnist",
        env={**checkout.variables, "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )


def test_the_checkpoint_can_be_loaded(checkout: World, record: Any, artifacts: Path) -> None:
    code = (
        "import sys, vision, torch\n"
        "from model import AutoEncoder\n"
        "model = AutoEncoder.load_from_checkpoint(sys.argv[1], weights_only=False)\n"
        "print(tuple(model(torch.zeros(2, 784)).shape))\n"
    )
    done = in_its_environment(checkout, record, code, artifacts / "model" / "example.ckpt")
    assert done.stdout == "(2, 784)\n", done.stderr


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
    for name in ("data/", "model/", "example.ckpt", "metrics.csv"):
        assert name in tree.out


def test_words_behind_two_dashes_reach_the_script(checkout: World, trained: Result) -> None:
    assert trained.code == 0
    done = checkout.wf(
        "run", "train-mnist-no-gpu", "--", "--limit-train-batches", "nonsense", timeout=PATIENCE
    )
    assert done.code == 2
    assert "--limit-train-batches" in checkout.wf("logs", "last").out


def test_ranks_on_the_cpu_stand_in_for_several_gpus(checkout: World, trained: Result) -> None:
    assert trained.code == 0
    words = ("run", "train-mnist-multi-gpu", "--gpus", "2", "--simulate-gpus")
    done = checkout.wf(*words, timeout=PATIENCE)
    assert done.code == 0, done.err
    document = checkout.record()
    assert document["resources"]["simulated_gpus"] == 2
    assert "simulated GPUs: 2 ranks on the CPU, joined by gloo" in document["notes"]
    assert "Starting with 2 processes" in checkout.wf("logs", "last").out
    assert {artifact["path"] for artifact in document["artifacts"]} == {"data", "model"}
    assert all(artifact["files"] for artifact in document["artifacts"])


def test_all_three_without_a_gpu(checkout: World, trained: Result) -> None:
    """The two that need GPUs are refused at once, and the summary says so."""
    assert trained.code == 0
    before = len(checkout.runs())
    done = subprocess.run(
        ["./run_exps.sh"],
        cwd=checkout.project,
        env={**checkout.variables, "WF": f"{sys.executable} -m runner"},
        capture_output=True,
        text=True,
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == 69
    lines = [line.split() for line in done.stdout.splitlines()[-4:]]
    assert lines[0] == ["workflow", "exit", "meaning"]
    assert lines[1] == ["train-mnist-no-gpu", "0", "ok"]
    assert [line[:2] for line in lines[2:]] == [
        ["train-mnist-one-gpu", "69"],
        ["train-mnist-multi-gpu", "69"],
    ]
    assert "cannot be satisfied here (69)" in done.stdout
    assert len(checkout.runs()) == before + 1


def test_a_run_that_was_stopped_goes_on_after_its_last_epoch(
    checkout: World, trained: Result
) -> None:
    assert trained.code == 0
    words = ("--epochs", "3", "--limit-train-batches", "1", "--batch-size", "2")
    process = checkout.start("run", "train-mnist-no-gpu", "--", *words)
    name = checkout.running()
    last = checkout.folder(name) / "workspace/model/checkpoints/last.ckpt"
    until(last.exists, "the end of an epoch")
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert checkout.record(name)["status"] == "cancelled"
    done = checkout.wf("resume", name, timeout=PATIENCE)
    assert done.code == 0, done.err
    assert f"from {name}: " in done.err
    assert "checkpoint model/checkpoints/last.ckpt" in done.err
    said = re.search(r"^resumed at epoch ([23]) of 3$", done.out, re.MULTILINE)
    assert said is not None, done.out
    model = checkout.folder(checkout.record()["name"]) / "artifacts" / "model"
    assert (model / f"metrics.{name}.csv").exists()
    first = int(said[1]) - 1
    # what was trained is not trained again, and all of it was trained
    assert trained_epochs(model / "metrics.csv") == list(range(first, 3))
    assert (model / "example.ckpt").exists()


def trained_epochs(metrics: Path) -> list[int]:
    """The epochs at whose end a run has written down the loss of training."""
    with metrics.open(encoding="utf-8", newline="") as file:
        return [int(row["epoch"]) for row in csv.DictReader(file) if row.get("train_loss_epoch")]
