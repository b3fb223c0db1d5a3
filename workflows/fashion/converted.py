"""The same training, converted to Lightning: devices, precision, loops and loggers are its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl
import torch
from common import training
from common.parts import RepeatableData
from common.phases import phase
from data import load, prepare, split
from pytorch_lightning.loggers import CSVLogger, TensorBoardLogger
from torch.nn.functional import cross_entropy
from torchmetrics.classification import MulticlassAccuracy

if TYPE_CHECKING:
    import argparse

    from common.parts import Part
    from data import Parts
    from torch import Tensor, nn

LOG_EVERY_N_STEPS = 5


class FashionData(RepeatableData):
    """The parts of the data, as the plain loop has them."""

    found: Parts

    def __init__(self, root: str, batch_size: int, seed: int, share: float) -> None:
        super().__init__(root, batch_size, seed)
        self.share = share

    def fetch(self) -> None:
        """FashionMNIST, or what stands in for it."""
        prepare(self.root)

    def split(self) -> dict[str, Part]:
        """The three parts."""
        self.found = split(load(self.root), self.share, self.seed)
        return {"train": self.found.train, "val": self.found.val, "test": self.found.test}


class FashionClassifier(pl.LightningModule):
    """The network with what a step is; the loop around it is the trainer's.

    Under DDP what is logged is that of all processes, but for ``train_loss``, which is the first
    one's.
    """

    def __init__(self, net: nn.Module, lr: float) -> None:
        super().__init__()
        self.save_hyperparameters(ignore="net")
        self.net = net
        self.lr = lr
        self.accuracies = torch.nn.ModuleDict(
            {
                part: MulticlassAccuracy(10, average="micro")
                for part in ("of_train", "of_val", "of_test")
            }
        )

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """The loss of a batch, to be minimised."""
        return self._measure(batch, "train")

    def validation_step(self, batch: list[Tensor]) -> None:
        """Log loss and accuracy; Lightning reports those of the whole part."""
        self._measure(batch, "val")

    def test_step(self, batch: list[Tensor]) -> None:
        """The same for the part that is looked at once."""
        self._measure(batch, "test")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, at one learning rate throughout."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def _measure(self, batch: list[Tensor], part: str) -> Tensor:
        images, labels = batch
        scores = self.net(images)
        loss = cross_entropy(scores, labels)
        accuracy = self.accuracies[f"of_{part}"]
        accuracy.update(scores, labels)  # a call would work out that of the batch, too
        if part == "train":  # not that of all processes, which would have to wait for each other
            self.log("train_loss", loss)
        else:
            self.log(f"{part}_loss", loss, sync_dist=True, batch_size=len(labels))
        in_bar = part != "train"
        self.log(f"{part}_acc", accuracy, on_step=False, on_epoch=True, prog_bar=in_bar)
        return loss


def train(
    args: argparse.Namespace, net: nn.Module, checkpoint: str | None, done: int
) -> tuple[Parts, float]:
    """Train the network and return the parts of the data with the accuracy on the test.

    The checkpoint has ``done`` epochs behind it.
    """
    training.silence_idle_advice()
    data = FashionData(str(args.data), args.batch_size, args.seed, args.share)
    data.read()
    trainer = make_trainer(args, max(args.epochs, done))
    module = FashionClassifier(net, args.lr)
    with phase("fit") as measured:
        trainer.fit(module, datamodule=data, ckpt_path=checkpoint)
        measured.samples = training.samples_of(
            trainer, len(data.parts["train"][0]), args.batch_size, done
        )
    with phase("test") as measured:
        (found,) = trainer.test(module, datamodule=data, verbose=False)
        measured.samples = len(data.parts["test"][0])
    return data.found, found["test_acc"]


def make_trainer(args: argparse.Namespace, epochs: int) -> pl.Trainer:
    """A trainer on the visible devices whose loggers write below the model folder."""
    return pl.Trainer(
        accelerator="auto",  # GPUs where there are some, and all of them; with several, DDP
        devices="auto",
        precision=args.precision,
        max_epochs=epochs,
        log_every_n_steps=LOG_EVERY_N_STEPS,
        num_sanity_val_steps=0,
        use_distributed_sampler=False,  # the loaders see to the shares of several processes
        callbacks=[training.keep_last(args.model)],
        logger=[
            CSVLogger(args.model, name="", version=""),
            TensorBoardLogger(args.model, name="tensorboard", version="", default_hp_metric=False),
        ],
    )
