"""Train an autoencoder on handwritten digits, on a CPU, on one GPU, or on several.

The devices are those that are visible. With several GPUs Lightning starts this script once more
for each further one, so whatever must happen once is left to Lightning's hooks or to rank 0.

After each epoch a checkpoint is saved. Where the variable WF_RESUME_CKPT names one (`wf resume`
sets it), training goes on from there.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import warnings
from pathlib import Path

import vision  # noqa: F401 (before pytorch_lightning: see vision.py)

# isort: split
import pytorch_lightning as pl
import torch
from data import DigitsData
from model import AutoEncoder
from picture import save_comparison
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only

LOG_EVERY_N_STEPS = 5
PICTURED_DIGITS = 10


def main() -> None:
    """Measure, train, measure again, and keep the results in the model folder."""
    args = parse_args()
    silence_idle_advice()
    pl.seed_everything(args.seed)
    checkpoint = os.environ.get("WF_RESUME_CKPT")
    done = 0 if checkpoint is None else epochs_done(checkpoint)
    if checkpoint is None:
        remove_outputs(args.model)
    else:
        set_metrics_aside(args.model)
        say(f"resumed at epoch {done + 1} of {args.epochs}")

    data = DigitsData(str(args.data), args.batch_size, args.seed)
    model = AutoEncoder(lr=args.lr)
    trainer = make_trainer(args)

    measured = trainer.validate(model, datamodule=data, ckpt_path=checkpoint, verbose=False)
    before = measured[0]["val_loss"]
    if done < args.epochs:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
    after = float(trainer.callback_metrics["val_loss"])

    # Every rank has to take part in saving.
    trainer.save_checkpoint(args.model / "example.ckpt", weights_only=False)
    if trainer.is_global_zero:
        save_reconstructions(args.model / "reconstructions.png", model, data)
        print(f"val_loss {before:.4f} -> {after:.4f}", flush=True)


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=positive_int, default=1, help="passes over the training images")
    add("--batch-size", type=positive_int, default=32, help="images per step and device")
    add("--lr", type=float, default=1e-3, help="Adam's learning rate")
    add("--limit-train-batches", type=share, default=0.5, help="share of the batches per epoch")
    add("--seed", type=int, default=0, help="seed of the split, the weights and the shuffling")
    add("--data", type=Path, default=Path("data"), help="folder that the images are kept in")
    add("--model", type=Path, default=Path("model"), help="folder that the results are written to")
    return parser.parse_args()


def positive_int(text: str) -> int:
    """A flag's value that has to be 1 or more."""
    value = int(text)
    if value < 1:
        raise argparse.ArgumentTypeError(f"{text} is not 1 or more")
    return value


def share(text: str) -> float:
    """A flag's value that has to be above 0 and at most 1."""
    value = float(text)
    if not 0 < value <= 1:
        raise argparse.ArgumentTypeError(f"{text} is not above 0 and at most 1")
    return value


def make_trainer(args: argparse.Namespace) -> pl.Trainer:
    """A trainer on the visible devices whose loggers write below the model folder."""
    return pl.Trainer(
        accelerator="auto",  # GPUs where there are some, and all of them; with several, DDP
        devices="auto",
        max_epochs=args.epochs,
        limit_train_batches=args.limit_train_batches,
        log_every_n_steps=LOG_EVERY_N_STEPS,
        num_sanity_val_steps=0,  # the validation before training is a whole one
        # to go on from, whatever ends this run; the one to keep is saved at the end
        callbacks=[ModelCheckpoint(args.model / "checkpoints", save_last=True)],
        logger=[
            CSVLogger(args.model, name="", version=""),
            TensorBoardLogger(args.model, name="tensorboard", version="", default_hp_metric=False),
        ],
    )


@rank_zero_only
def remove_outputs(folder: Path) -> None:
    """Remove what an earlier run wrote, so that the folder never mixes two runs."""
    for name in ("example.ckpt", "hparams.yaml", "reconstructions.png"):
        (folder / name).unlink(missing_ok=True)
    for metrics in folder.glob("metrics*.csv"):
        metrics.unlink()
    for name in ("checkpoints", "tensorboard"):
        shutil.rmtree(folder / name, ignore_errors=True)


def epochs_done(checkpoint: str) -> int:
    """How many epochs had been trained when a checkpoint was saved."""
    loops = torch.load(checkpoint, map_location="cpu")["loops"]
    return int(loops["fit_loop"]["epoch_progress"]["current"]["processed"])


@rank_zero_only
def set_metrics_aside(folder: Path) -> None:
    """Keep what the run before has measured: Lightning's logger begins its file anew."""
    metrics = folder / "metrics.csv"
    if metrics.exists():
        metrics.replace(folder / f"metrics.{os.environ.get('WF_RESUMED_FROM', 'before')}.csv")


@rank_zero_only
def say(line: str) -> None:
    """Print a line, once however many processes there are."""
    print(line, flush=True)


def silence_idle_advice() -> None:
    """Hide the lines that nothing can or should be done about here."""
    for message in (
        ".*does not have many workers",  # the images are in memory: there is no file to wait for
        ".*Using `DistributedSampler` with the dataloaders",  # at most a few images count twice
        ".*isinstance\\(treespec, LeafSpec\\)",  # between Lightning and torch
        ".*The dirpath has changed from",  # each run has a folder of its own
        ".*directory .* exists and is not empty",  # a run that goes on finds what was there
    ):
        warnings.filterwarnings("ignore", message=message)
    # Lightning's product tips; the banner that names the devices comes the same way and stays.
    lightning_log = logging.getLogger("pytorch_lightning.utilities.rank_zero")
    lightning_log.addFilter(lambda record: "Tip:" not in record.getMessage())


def save_reconstructions(path: Path, model: AutoEncoder, data: DigitsData) -> None:
    """Draw some of the validation digits and what the trained network makes of them."""
    originals = data.val_images(PICTURED_DIGITS)
    with torch.inference_mode():
        reconstructions = model.eval()(originals.to(model.device))
    save_comparison(path, originals, reconstructions)


if __name__ == "__main__":
    main()
