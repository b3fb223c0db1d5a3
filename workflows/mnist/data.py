"""The images, in memory and on the device that trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from common import digits
from common.parts import PartedData
from torch.utils.data import random_split

if TYPE_CHECKING:
    from common.parts import Part

# 55,000 to train on and 5,000 to validate on, of MNIST's 60,000; the same ratio of anything else.
TRAIN_PARTS, VAL_PARTS = 11, 1


class DigitsData(PartedData):
    """Images of digits, split 11:1 into a part to train on and one to validate on.

    Each part is one uint8 tensor of shape (N, 784). A batch is a list of one float tensor of shape
    (batch, 784) with values in 0..1: an autoencoder needs no labels.
    """

    def fetch(self) -> None:
        """MNIST, or what stands in for it."""
        digits.prepare(self.root)

    def split(self) -> dict[str, Part]:
        """The two parts."""
        images = digits.load(self.root).images.flatten(start_dim=1)
        val = len(images) * VAL_PARTS // (TRAIN_PARTS + VAL_PARTS)
        halves = random_split(
            range(len(images)),
            [len(images) - val, val],
            generator=torch.Generator().manual_seed(self.seed),
        )
        return {
            name: (images[half.indices],)
            for name, half in zip(("train", "val"), halves, strict=True)
        }
