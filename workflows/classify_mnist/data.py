"""The images and what digit is on each, in three parts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from common import digits
from common.parts import PartedData
from torch.utils.data import random_split

if TYPE_CHECKING:
    from common.parts import Part

TRAIN_SHARE, VAL_SHARE = 0.8, 0.2
# MNIST has 10,000 images of 70,000 to test on; the stand-in has none set apart
TEST_SHARE = 1 / 7


class ClassifiedDigits(PartedData):
    """Images (uint8, shape (N, 784)) with their digits (int64, shape (N,)).

    Those to train on are split 80:20 into a part to train on and one to validate on; those to test
    on are MNIST's own, or a seventh of what stands in for it. A batch is
    [images, digits], the images as floats in 0..1.
    """

    def fetch(self) -> None:
        """MNIST, or what stands in for it."""
        digits.prepare(self.root)

    def split(self) -> dict[str, Part]:
        """The three parts."""
        known, test = digits.load(self.root), digits.load_test(self.root)
        generator = torch.Generator().manual_seed(self.seed)
        everything = range(len(known.images))
        if test is None:
            shares = (1 - TEST_SHARE, TEST_SHARE)
            everything, apart = random_split(everything, shares, generator)
            tested = _part(known, list(apart))
        else:
            tested = _part(test, list(range(len(test.images))))
        halves = random_split(everything, (TRAIN_SHARE, VAL_SHARE), generator)
        train, val = (_part(known, list(numbers)) for numbers in halves)
        return {"train": train, "val": val, "test": tested}


def _part(known: digits.Digits, numbers: list[int]) -> Part:
    return known.images[numbers].flatten(start_dim=1), known.labels[numbers]
