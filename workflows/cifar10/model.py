"""The network: two blocks of convolutions, then three layers down to ten classes."""

from __future__ import annotations

import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl
import torch
from torch import Tensor, nn
from torch.nn.functional import cross_entropy
from torchmetrics.classification import MulticlassAccuracy

SIDE = 32
HALF_RANGE = 127.5


class FromBytes(nn.Module):
    """Bytes (0..255) become numbers from -1 to 1, on the device that they are on by then."""

    def forward(self, images: Tensor) -> Tensor:
        """Any shape to the same shape."""
        return images.to(torch.get_default_dtype()).div(HALF_RANGE).sub(1)


def block(channels_in: int, channels_out: int) -> nn.Sequential:
    """A convolution of 5 x 5 without padding, then half as many pixels each way."""
    return nn.Sequential(
        nn.Conv2d(channels_in, channels_out, kernel_size=5),
        nn.BatchNorm2d(channels_out),
        nn.ReLU(),
        nn.MaxPool2d(2),
    )


class PhotoClassifier(pl.LightningModule):
    """Images of 32 x 32 to ten classes; 32 becomes 28, 14, 10 and 5 pixels: 32 channels of 5 x 5.

    Under DDP each process sees its share of the images; what is logged is that of all of them, but
    for ``train_loss_step``, which is the first one's.
    """

    def __init__(self, lr: float = 1e-3, dropout: float = 0.25, classes: int = 10) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.lr = lr
        self.blocks = nn.Sequential(FromBytes(), block(3, 64), block(64, 32))
        self.head = nn.Sequential(
            nn.Flatten(),
            nn.Dropout(dropout),
            nn.Linear(800, 64),
            nn.ReLU(),
            nn.Dropout(dropout),
            nn.Linear(64, 32),
            nn.ReLU(),
            nn.Linear(32, classes),
        )
        self.accuracies = nn.ModuleDict(
            {
                # each part has its own count: validation runs within an epoch of training
                part: MulticlassAccuracy(classes, average="micro")
                for part in ("of_train", "of_val", "of_test")
            }
        )
        # for the graph that TensorBoard shows
        self.example_input_array = torch.zeros(1, 3, SIDE, SIDE, dtype=torch.uint8)

    def forward(self, images: Tensor) -> Tensor:
        """Bytes of shape (batch, 3, 32, 32) to scores of shape (batch, 10)."""
        return self.head(self.blocks(images))

    def training_step(self, batch: list[Tensor]) -> Tensor:
        """The loss of a batch, to be minimised."""
        return self._measure(batch, "train")

    def validation_step(self, batch: list[Tensor]) -> None:
        """Log loss and accuracy; Lightning reports those of the whole part."""
        self._measure(batch, "val")

    def test_step(self, batch: list[Tensor]) -> None:
        """The same for the part that nothing was chosen by."""
        self._measure(batch, "test")

    def configure_optimizers(self) -> torch.optim.Optimizer:
        """Adam, at one learning rate throughout."""
        return torch.optim.Adam(self.parameters(), lr=self.lr)

    def _measure(self, batch: list[Tensor], part: str) -> Tensor:
        images, labels = batch
        scores = self(images)
        loss = cross_entropy(scores, labels)
        accuracy = self.accuracies[f"of_{part}"]
        accuracy.update(scores, labels)  # a call would work out that of the batch, too
        training = part == "train"
        told = f"{part}_loss_epoch" if training else f"{part}_loss"
        self.log(told, loss, on_step=False, on_epoch=True, sync_dist=True, batch_size=len(labels))
        self.log(f"{part}_acc", accuracy, on_step=False, on_epoch=True, prog_bar=not training)
        if training:  # not that of all processes, which would have to wait for each other
            self.log("train_loss_step", loss)
        return loss
