"""Train an autoencoder on handwritten digits, on a CPU, on one GPU, or on several.

The devices are those that are visible. With several GPUs Lightning starts this script once more
for each further one, so whatever must happen once is left to Lightning's hooks or to rank 0.

After each epoch a checkpoint is saved. Where the variable WF_RESUME_CKPT names one (`wf resume`
sets it), training goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl
import torch
from common import training
from common.batches import shades
from common.flags import positive_int, share
from common.phases import imported, phase
from data import DigitsData
from model import AutoEncoder
from picture import save_comparison
from pytorch_lightning.callbacks import TQDMProgressBar
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger

imported()

PICTURED_DIGITS = 10


def main() -> None:
    """Measure, train, measure again, and keep the results in the model folder.

    A run that goes on has no need to measure first: the one before has done so.
    """
    args = parse_args()
    training.silence_idle_advice()
    pl.seed_everything(args.seed)
    checkpoint, done = training.begin(
        args.model, args.epochs, "example.ckpt", "reconstructions.png"
    )

    data = DigitsData(str(args.data), args.batch_size, args.seed)
    model = AutoEncoder(lr=args.lr)
    trainer = make_trainer(args, max(args.epochs, done))

    before = "" if checkpoint else f"{validate(trainer, model, data):.4f} -> "
    with phase("fit") as measured:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
        measured.samples = model.losses.samples * trainer.world_size
    if done < args.epochs:
        after = float(trainer.callback_metrics["val_loss"])
    else:
        after = validate(trainer, model, data)

    # Every rank has to take part in saving.
    trainer.save_checkpoint(args.model / "example.ckpt", weights_only=False)
    if trainer.is_global_zero:
        with phase("picture"):
            save_reconstructions(args.model / "reconstructions.png", model, data)
        print(f"val_loss {before}{after:.4f}", flush=True)


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


def make_trainer(args: argparse.Namespace, epochs: int) -> pl.Trainer:
    """A trainer on the visible devices whose loggers write below the model folder."""
    return pl.Trainer(
        accelerator="auto",  # GPUs where there are some, and all of them; with several, DDP
        devices="auto",
        max_epochs=epochs,
        limit_train_batches=args.limit_train_batches,
        num_sanity_val_steps=0,  # the validation before training is a whole one
        use_distributed_sampler=False,  # the loaders see to the shares of several processes
        callbacks=[
            training.keep_last(args.model),
            TQDMProgressBar(training.BAR_EVERY_N_STEPS),
        ],
        logger=[
            CSVLogger(args.model, name="", version=""),
            TensorBoardLogger(args.model, name="tensorboard", version="", default_hp_metric=False),
        ],
    )


def validate(trainer: pl.Trainer, model: AutoEncoder, data: DigitsData) -> float:
    """The loss of the network as it is, which is logged as well."""
    (found,) = trainer.validate(model, datamodule=data, verbose=False)
    return found["val_loss"]


def save_reconstructions(path: Path, model: AutoEncoder, data: DigitsData) -> None:
    """Draw some of the validation digits and what the trained network makes of them."""
    originals = shades(data.parts["val"][0][:PICTURED_DIGITS])
    with torch.inference_mode():
        reconstructions = model.eval()(originals.to(model.device))
    save_comparison(path, originals, reconstructions)


if __name__ == "__main__":
    main()
