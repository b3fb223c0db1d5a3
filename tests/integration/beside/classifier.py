"""The classifier without wf: trained, gone on with, tested, and shared out among two processes.

A part of what ``mnist.py`` tells, where PyTorch is imported already.
"""

from __future__ import annotations

import csv
import json
from pathlib import Path

import trial
from common import vision  # before pytorch_lightning: see there

# isort: split
import pytorch_lightning as pl
import torch
from common.batches import shades
from torch.nn.functional import cross_entropy

SCRIPT = Path(vision.__file__).parents[1] / "classify_mnist" / "train.py"
# so fast that it gets worse again: the last epoch is not the best
EPOCHS, TOO_FAST = "6", "0.05"


def trained(data: Path, folder: Path) -> dict[str, str]:
    """The metrics of a training, and what is said by one more epoch elsewhere."""
    trial.run(SCRIPT, folder, "--data", data)
    metrics = (folder / "model" / "metrics.csv").read_bytes().decode()
    said = trial.resume(SCRIPT, folder, "--data", data, "--epochs", "6")
    return {"metrics": metrics, "resumed": said}


def worsened(data: Path, folder: Path) -> dict[str, object]:
    """What a training was tested with whose last epoch is not its best, and again after its end."""
    words = ("--data", data, "--epochs", EPOCHS, "--lr", TOO_FAST)
    trial.run(SCRIPT, folder, *words)
    checkpoints = folder / "model" / "checkpoints"
    told: dict[str, object] = {
        "losses": [float(text) for text in column(folder, "val_loss")],
        "of best": test_loss(checkpoints / "best.ckpt", data),
        "of last": test_loss(checkpoints / "last.ckpt", data),
        "tested": tested(folder),
    }
    trial.resume(SCRIPT, folder, *words)
    return {**told, "tested again": tested(folder.with_name("on"))}


def column(folder: Path, name: str) -> list[str]:
    """All values of a metric."""
    return [row[name] for row in rows(folder) if row[name]]


def tested(folder: Path) -> list[object]:
    """The epoch, the step and the loss of the test."""
    (row,) = (row for row in rows(folder) if row["test_loss"])
    return [row["epoch"], row["step"], float(row["test_loss"])]


def rows(folder: Path) -> list[dict[str, str]]:
    """What a training in a folder has measured."""
    with (folder / "model" / "metrics.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_loss(checkpoint: Path, data: Path) -> float:
    """The loss of a checkpoint on the images to test on, in one go."""
    of_data, of_model = trial.modules(SCRIPT.parent, "data", "model")
    images, labels = of_data.ClassifiedDigits(str(data)).split()["test"]
    model = of_model.Classifier.load_from_checkpoint(checkpoint, weights_only=False)
    with torch.inference_mode():
        return cross_entropy(model(shades(images)), labels).item()


def shared(data: Path, folder: Path) -> list[dict[str, float]]:
    """What two processes measure together, and what one does: of a network that stays as it is.

    Forked, which takes no second import of PyTorch; before any gradient is computed here, as the
    threads behind those would not be there in the children.
    """
    return [measured(data, folder / f"{count}.json", count) for count in (2, 1)]


def measured(data: Path, counted: Path, processes: int) -> dict[str, float]:
    """All metrics of an epoch of training and of the test, and how many guesses were counted."""
    of_data, of_model = trial.modules(SCRIPT.parent, "data", "model")
    pl.seed_everything(0)
    model = of_model.Classifier(lr=0.0)
    digits = of_data.ClassifiedDigits(str(data))
    trainer = pl.Trainer(
        accelerator="cpu",
        devices=processes,
        strategy="ddp_fork" if processes > 1 else "auto",
        max_epochs=1,
        use_distributed_sampler=False,
        logger=False,
        enable_checkpointing=False,
        enable_progress_bar=False,
        enable_model_summary=False,
        num_sanity_val_steps=0,
        callbacks=[_Counted(counted)],
    )
    trainer.fit(model, digits)
    found = {name: float(value) for name, value in trainer.callback_metrics.items()}
    (test,) = trainer.test(model, digits, verbose=False)
    return {**found, **test, **json.loads(counted.read_text(encoding="utf-8"))}


class _Counted(pl.Callback):
    """Writes down how many guesses the first process knows of after a test, and of how many images.

    What a forked process knows is gone with it.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def on_test_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Called by Lightning."""
        if trainer.is_global_zero:
            images = len(trainer.datamodule.parts["test"][0])
            told = {"guesses": int(pl_module.confusion.sum()), "images": images}
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._path.write_text(json.dumps(told), encoding="utf-8")
