"""Train an autoencoder on handwritten digits, on a CPU, on one GPU, or on several.

The devices are those that are visible. With several GPUs Lightning starts this script once more
for each further one, so whatever must happen once is left to Lightning's hooks or to rank 0.
"""

from __future__ import annotations

import argparse
import logging
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
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.utilities import rank_zero_only

LOG_EVERY_N_STEPS = 5
PICTURED_DIGITS = 10


def main() -> None:
    """Measure, train, measure again, and keep the results in the model folder."""
    args = parse_args()
    silence_idle_advice()
    pl.seed_everything(args.seed)
    remove_outputs(args.model)

    data = DigitsData(str(args.data), args.batch_size, args.seed)
    model = AutoEncoder(lr=args.lr)
    trainer = make_trainer(args)

    before = trainer.validate(model, datamodule=data, verbose=False)[0]["val_loss"]
    trainer.fit(model, datamodule=data)
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
        enable_checkpointing=False,  # one checkpoint is saved at the end, under a fixed name
        logger=[
            CSVLogger(args.model, name="", version=""),
            TensorBoardLogger(args.model, name="tensorboard", version="", default_hp_metric=False),
        ],
    )


@rank_zero_only
def remove_outputs(folder: Path) -> None:
    """Remove what an earlier run wrote, so that the folder never mixes two runs."""
    for name in ("example.ckpt", "hparams.yaml", "metrics.csv", "reconstructions.png"):
        (folder / name).unlink(missing_ok=True)
    shutil.rmtree(folder / "tensorboard", ignore_errors=True)


def silence_idle_advice() -> None:
    """Hide the lines that nothing can or should be done about here."""
    for message in (
        ".*does not have many workers",  # the images are in memory: there is no file to wait for
        ".*Using `DistributedSampler` with the dataloaders",  # at most a few images count twice
        ".*isinstance\\(treespec, LeafSpec\\)",  # between Lightning and torch
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
