"""Classify small photographs with a network of two convolutions, on whatever device there is.

The devices are those that are visible. With several GPUs Lightning starts this script once more
for each further one, so whatever must happen once is left to Lightning's hooks or to rank 0.

After each epoch a checkpoint is saved. Where the variable WF_RESUME_CKPT names one (`wf resume`
sets it), training goes on from there.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING

sys.path.append(str(Path(__file__).resolve().parents[1]))  # where `common` is

# isort: split
import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl
import torch
from common import training
from common.best import KeepBest
from common.figures import MANY, Guessed, curve, save_guesses
from common.flags import off_or_count, positive_int, share
from common.phases import imported, phase
from data import PhotosData
from histograms import WeightHistograms
from model import PhotoClassifier
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from pytorch_lightning.profilers import AdvancedProfiler, PyTorchProfiler, SimpleProfiler

if TYPE_CHECKING:
    from pytorch_lightning.profilers import Profiler

imported()

LOG_EVERY_N_STEPS = 5
PROFILERS = {"simple": SimpleProfiler, "advanced": AdvancedProfiler, "pytorch": PyTorchProfiler}


def main() -> None:
    """Train, test what did best on the validation part, and keep the results."""
    args = parse_args()
    training.silence_idle_advice()
    pl.seed_everything(args.seed)
    checkpoint, done = training.begin(args.model, args.epochs, "example.ckpt", "guesses.png")

    data = PhotosData(str(args.data), args.batch_size, args.seed)
    data.read()
    model = PhotoClassifier(lr=args.lr)
    trainer = make_trainer(args, max(args.epochs, done))
    with phase("fit") as measured:
        trainer.fit(model, datamodule=data, ckpt_path=checkpoint)
        measured.samples = training.samples_of(
            trainer, len(data.parts["train"][0]), args.batch_size, done
        )
    best = trainer.checkpoint_callback.best_model_path or None  # a dev run saves none
    with phase("test") as measured:
        (found,) = trainer.test(model, datamodule=data, ckpt_path=best, verbose=False)
        measured.samples = len(data.parts["test"][0])

    # Every rank has to take part in saving.
    trainer.save_checkpoint(args.model / "example.ckpt", weights_only=False)
    if trainer.is_global_zero:
        if not args.fast_dev_run:
            with phase("picture"):
                save_picture(args.model, model, data)
        print(f"test_acc {found['test_acc']:.4f}", flush=True)


def parse_args() -> argparse.Namespace:
    """The command line; every flag has a default."""
    parser = argparse.ArgumentParser(
        description=__doc__.splitlines()[0],
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    add = parser.add_argument
    add("--epochs", type=positive_int, default=5, help="passes over the training images")
    add("--batch-size", type=positive_int, default=64, help="images per step and device")
    add("--lr", type=float, default=1e-3, help="Adam's learning rate")
    add("--limit-train-batches", type=share, default=1.0, help="share of the batches per epoch")
    add(
        "--fast-dev-run",
        type=off_or_count,
        default=0,
        metavar="false|true|N",
        help="only try it: N batches (true: 1) of each part, and no metrics, checkpoints, picture",
    )
    add("--gradient-clip-val", type=float, default=1.0, help="clip gradients to this; 0: don't")
    add("--gradient-clip-algorithm", choices=("norm", "value"), default="norm", help="what of them")
    add("--profiler", choices=("none", *PROFILERS), default="none", help="how to measure the parts")
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
        fast_dev_run=args.fast_dev_run,
        gradient_clip_val=args.gradient_clip_val or None,
        gradient_clip_algorithm=args.gradient_clip_algorithm,
        profiler=make_profiler(args.profiler, args.model / "profile"),
        log_every_n_steps=LOG_EVERY_N_STEPS,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # the loaders see to the shares of several processes
        callbacks=[
            KeepBest(args.model / "checkpoints", monitor="val_acc", mode="max"),
            training.keep_last(args.model),
            WeightHistograms(),
        ],
        logger=[
            CSVLogger(args.model, name="", version=""),
            TensorBoardLogger(
                args.model, name="tensorboard", version="", log_graph=True, default_hp_metric=False
            ),
        ],
    )


def make_profiler(name: str, folder: Path) -> Profiler | None:
    """A profiler that writes its report to the folder, or None for ``none``."""
    if name == "none":
        return None
    folder.mkdir(parents=True, exist_ok=True)
    return PROFILERS[name](dirpath=folder, filename=name)


def save_picture(folder: Path, model: PhotoClassifier, data: PhotosData) -> None:
    """Draw the accuracy after each epoch, and what the network takes some test images for."""
    test = data.parts["test"]
    some = torch.linspace(0, len(test[0]) - 1, MANY).long()
    images, labels = (tensor[some] for tensor in test)
    with torch.inference_mode():
        guesses = model.eval()(images.to(model.device)).argmax(dim=1).cpu()
    curves = {name: curve(folder, f"{name}_acc") for name in ("train", "val")}
    guessed = Guessed(images, labels, guesses, data.names)
    save_guesses(folder / "guesses.png", guessed, curves)


if __name__ == "__main__":
    main()
