"""What is the same in every training: going on from a checkpoint; and with Lightning, quiet."""

from __future__ import annotations

import logging
import os
import warnings
from typing import TYPE_CHECKING

import torch

from common.notes import first_process, say
from common.results import remove_outputs, set_metrics_aside

if TYPE_CHECKING:
    from pathlib import Path

    import pytorch_lightning as pl
    from pytorch_lightning.callbacks import ModelCheckpoint

# drawing the progress bar takes as long as a step of a small network
BAR_EVERY_N_STEPS = 25


def begin(folder: Path, epochs: int, *outputs: str) -> tuple[str | None, int]:
    """Make the results' folder ready; the checkpoint to go on from, and how many epochs it has.

    `wf resume` names it in WF_RESUME_CKPT. Without one, what an earlier run left is removed, with
    ``outputs``; with one, it is said at which of the ``epochs`` the training goes on. And the CPU
    is told to take denormal numbers for zero, see :func:`flush_denormals`.

    Have a trainer fit also where no epoch is left: that restores what the checkpoint knows besides
    the network, such as the best epoch. It refuses one that has more epochs than it may train.
    """
    flush_denormals()
    found = os.environ.get("WF_RESUME_CKPT")
    if found is None:
        if first_process():
            remove_outputs(folder, *outputs)
        return None, 0
    done = epochs_done(found)
    if first_process():
        set_metrics_aside(folder)
    at = f"at epoch {done + 1}" if done < epochs else f"after epoch {done}"
    say(f"resumed {at} of {max(done, epochs)}")
    return found, done


def flush_denormals() -> None:
    """Have a CPU take for zero what it can only calculate slowly with.

    What Adam remembers of a weight that gets no gradient any more, as that of a pixel which is
    never lit, becomes less with each step. After 650 of them it is a denormal number (below
    1.2e-38), with which a processor takes many times as long. Called before there are threads,
    which begin with what this one has.
    """
    torch.set_flush_denormal(True)


def keep_last(folder: Path) -> ModelCheckpoint:
    """Save each epoch's end as ``checkpoints/last.ckpt``, to go on from, whatever ends this run.

    Put it behind what keeps the best one, whose state it saves. Lightning's ``save_last`` saves the
    last one only when it is the best so far, and also in a dev run (2.6,
    ``callbacks/model_checkpoint.py``).
    """
    from pytorch_lightning.callbacks import ModelCheckpoint  # a plain loop has no need of it

    place = folder / "checkpoints"
    return ModelCheckpoint(place, filename="last", enable_version_counter=False)


def epochs_done(checkpoint: str) -> int:
    """How many epochs had been trained when Lightning, or a loop of ours, saved a checkpoint."""
    saved = torch.load(checkpoint, map_location="cpu")
    if "loops" not in saved:
        return int(saved["epoch"])  # Lightning's is the number of the last one, from 0 on
    return int(saved["loops"]["fit_loop"]["epoch_progress"]["current"]["processed"])


def samples_of(trainer: pl.Trainer, rows: int, batch_size: int, done: int = 0) -> int:
    """How many samples a fit has gone through, on all devices together.

    ``rows`` is how many there are, ``done`` how many epochs had been trained before.
    """
    epoch = min(rows, int(trainer.num_training_batches) * batch_size * trainer.world_size)
    return epoch * (trainer.current_epoch - done)


def silence_idle_advice() -> None:
    """Hide the lines that nothing can or should be done about here."""
    for message in (
        ".*does not have many workers",  # the images are in memory: there is no file to wait for
        ".*Using `DistributedSampler` with the dataloaders",  # at most a few images count twice
        ".*is smaller than the logging interval",  # see losses.py
        ".*isinstance\\(treespec, LeafSpec\\)",  # between Lightning and torch
        ".*The dirpath has changed from",  # each run has a folder of its own
        ".*directory .* exists and is not empty",  # a run that goes on finds what was there
    ):
        warnings.filterwarnings("ignore", message=message)
    # Lightning's product tips; the banner that names the devices comes the same way and stays.
    lightning_log = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    lightning_log.addFilter(lambda record: "Tip:" not in record.getMessage())
