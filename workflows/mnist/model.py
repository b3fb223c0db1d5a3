"""The network: an autoencoder that squeezes 784 pixels through 3 numbers."""

from __future__ import annotations

import vision  # noqa: F401 (before pytorch_lightning: see vision.py)

# isort: split
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import mse_loss


class AutoEncoder(pl.LightningModule):
    """Linear 784-64-3 and back, trained to give its input back.

    Under DDP each process sees its share of the images; the losses logged are the means over all.
    """

    def __init__(
        self, lr: float = 1e-3, pixels: int = 784, hidden: int = 64, code: int = 3
    ) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.lr = lr
        self.encoder = nn.Sequential(nn.Linear(pixels, hidden), nn.ReLU(), nn.Linear(hidden, code))
        self.decoder = nn.Sequential(nn.Linear(code, hidden), nn.ReLU(), nn.Linear(hidden, pixels))

    def forward(self, images: Tensor) -> Tensor:
        """Reconstruct images: (batch, 784) to (batch, 784)."""
        return self.decoder(self.encoder(images))

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """The loss of a batch of shape [(batch, 784)], to be minimised."""
        loss = self._loss(batch)
        self.log("train_loss", loss, on_step=True, on_epoch=True, prog_bar=True, sync_dist=True)
        return loss

    def validation_step(self, batch: list[Tensor]) -> None:
        """Log the loss of a batch; Lightning reports the mean over all batches."""
        self.log("val_loss", self._loss(batch), prog_bar=True, sync_dist=True)

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, at one learning rate throughout."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def _loss(self, batch: list[Tensor]) -> Tensor:
        (images,) = batch
        return mse_loss(self(images), images)
