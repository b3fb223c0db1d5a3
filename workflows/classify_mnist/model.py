"""The network: one hidden layer between 784 pixels and ten digits."""

from __future__ import annotations

import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl
import torch
from common.hooks import QuickHooks
from common.losses import Losses
from torch import Tensor, nn
from torch.nn.functional import cross_entropy

DIGITS = 10


class Classifier(QuickHooks, pl.LightningModule):
    """Linear 784-128-10, trained with cross-entropy to tell which digit it sees.

    After a test, ``confusion`` holds how often each digit (row) was taken for which (column).
    """

    confusion: Tensor

    def __init__(self, lr: float = 1e-3, pixels: int = 784, hidden: int = 128) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.lr = lr
        self.layers = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, DIGITS))
        self.register_buffer("confusion", torch.zeros(DIGITS, DIGITS).long(), persistent=False)
        self.losses = Losses()

    def forward(self, images: Tensor) -> Tensor:
        """How much speaks for each digit: (batch, 784) to (batch, 10)."""
        return self.layers(images)

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """The loss of a batch [images, digits], to be minimised."""
        images, labels = batch
        loss = cross_entropy(self(images), labels)
        self.losses.add(self, loss, len(labels))
        return loss

    def on_train_epoch_end(self) -> None:
        """Log the mean loss of the epoch."""
        self.losses.end_epoch(self)

    def validation_step(self, batch: list[Tensor]) -> None:
        """Log loss and accuracy; Lightning reports the means over all batches."""
        self._judge("val", batch)

    def on_test_start(self) -> None:
        """Count anew."""
        self.confusion.zero_()

    def test_step(self, batch: list[Tensor]) -> None:
        """Log loss and accuracy, and count what was taken for what."""
        _, labels = batch
        guesses = self._judge("test", batch)
        pairs = torch.bincount(labels * DIGITS + guesses, minlength=DIGITS**2)
        self.confusion += pairs.view(DIGITS, DIGITS)

    def on_test_epoch_end(self) -> None:
        """Add up what several processes have counted."""
        self.confusion = self.trainer.strategy.reduce(self.confusion, reduce_op="sum")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, at one learning rate throughout, all parameters in one call."""
        return torch.optim.Adam(self.parameters(), lr=self.lr, fused=True)

    def _judge(self, part: str, batch: list[Tensor]) -> Tensor:
        images, labels = batch
        scores = self(images)
        guesses = scores.argmax(dim=1)
        told = {
            f"{part}_loss": cross_entropy(scores, labels),
            f"{part}_acc": (guesses == labels).float().mean(),
        }
        self.log_dict(told, prog_bar=True, sync_dist=True, batch_size=len(labels))
        return guesses
