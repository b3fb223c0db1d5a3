"""Train a classifier of handwritten digits, and test the best of its epochs.

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
from common import training
from common.best import KeepBest
from common.flags import positive_int, share
from common.phases import imported, phase
from data import ClassifiedDigits
from model import Classifier
from pytorch_lightning.callbacks import TQDMProgressBar
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger

imported()


def main() -> None:
    """Train, test the best epoch, and keep the results in the model folder."""
    args = parse_args()
    training.silence_idle_advice()
    pl.seed_everything(args.seed)
    checkpoint, done = training.begin(args.model, args.epochs, "confusion.png")

    data = ClassifiedDigits(str(args.data), args.batch_size, args.seed)
    data.read()
    model = Classifier(lr=args.lr)
    best = KeepBest(args.model / "checkpoints", filename="best", monitor="val_loss")
    trainer = make_trainer(args, best, max(args.epochs, done))
    with phase("fit") as measured:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
        measured.samples = model.losses.samples * trainer.world_size
    with phase("test"):
        (found,) = trainer.test(
            model, datamodule=data, ckpt_path=best.best_model_path, verbose=False
        )
    accuracy = found["test_acc"]
    if trainer.is_global_zero:
        with phase("picture"):
            draw(args.model / "confusion.png", model, accuracy)
        print(f"test_acc {accuracy:.4f}, test_loss {found['test_loss']:.4f}", flush=True)


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=positive_int, default=5, help="passes over the training images")
    add("--batch-size", type=positive_int, default=32, help="images per step and device")
    add("--lr", type=float, default=1e-3, help="Adam's learning rate")
    add("--limit-train-batches", type=share, default=1.0, help="share of the batches per epoch")
    add("--seed", type=int, default=0, help="seed of the split, the weights and the shuffling")
    add("--data", type=Path, default=Path("data"), help="folder that the images are kept in")
    add("--model", type=Path, default=Path("model"), help="folder that the results are written to")
    return parser.parse_args()


def make_trainer(args: argparse.Namespace, best: KeepBest, epochs: int) -> pl.Trainer:
    """A trainer on the visible devices whose loggers write below the model folder."""
    return pl.Trainer(
        accelerator="auto",  # GPUs where there are some, and all of them; with several, DDP
        devices="auto",
        max_epochs=epochs,
        limit_train_batches=args.limit_train_batches,
        num_sanity_val_steps=0,  # the same steps are validated soon after
        use_distributed_sampler=False,  # the loaders see to the shares of several processes
        callbacks=[
            best,
            training.keep_last(args.model),
            TQDMProgressBar(training.BAR_EVERY_N_STEPS),
        ],
        logger=[
            CSVLogger(args.model, name="", version=""),
            TensorBoardLogger(args.model, name="tensorboard", version="", default_hp_metric=False),
        ],
    )


def draw(path: Path, model: Classifier, accuracy: float) -> None:
    """Draw what the test has counted. Imported here: only one process draws, and once."""
    from picture import save_confusion

    save_confusion(path, model.confusion, f"{accuracy:.1%} of the digits are recognised")


if __name__ == "__main__":
    main()
