"""The autoencoder as a LightningModule: the network, and what a step of its training is."""

from __future__ import annotations

import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl
import torch
from common.hooks import QuickHooks
from common.losses import Losses
from network import Network
from torch import Tensor
from torch.nn.functional import mse_loss


class AutoEncoder(QuickHooks, Network, pl.LightningModule):
    """The network, trained to give its input back.

    Under DDP each process sees its share of the images; ``val_loss`` and ``train_loss_epoch`` are
    the means over all, ``train_loss_step`` is the first one's.
    """

    def __init__(
        self, lr: float = 1e-3, pixels: int = 784, hidden: int = 64, code: int = 3
    ) -> None:
        super().__init__(pixels, hidden, code)
        self.save_hyperparameters()
        self.lr = lr
        self.losses = Losses()

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """The loss of a batch of shape [(batch, 784)], to be minimised."""
        loss = self._loss(batch)
        self.losses.add(self, loss, len(batch[0]))
        return loss

    def on_train_epoch_end(self) -> None:
        """Log the mean loss of the epoch."""
        self.losses.end_epoch(self)

    def validation_step(self, batch: list[Tensor]) -> None:
        """Take the loss of a batch into account."""
        self.losses.add_validated(self._loss(batch), len(batch[0]))

    def on_validation_epoch_end(self) -> None:
        """Log the mean loss over all batches."""
        self.losses.end_validation(self)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, at one learning rate throughout, all parameters in one call."""
        return torch.optim.Adam(self.parameters(), lr=self.lr, fused=True)

    def _loss(self, batch: list[Tensor]) -> Tensor:
        (images,) = batch
        return mse_loss(self(images), images)
