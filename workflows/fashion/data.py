"""The images: FashionMNIST where it can be had, else the digits that ship with scikit-learn.

Both are kept on disk under one folder:

    data/FashionMNIST/raw/...   what torchvision downloads
    data/digits/digits.pt       the stand-in, written when FashionMNIST cannot be downloaded
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, TypeAlias

import torch
from common import digits
from common.download import fetch
from common.notes import say_data
from torch import Tensor

if TYPE_CHECKING:
    from pathlib import Path

# 55,000 to train on and 5,000 to validate on, of FashionMNIST's 60,000; the same ratio of a share
TRAIN_PARTS, VAL_PARTS = 11, 1
FOLDER = "FashionMNIST"
TESTED_DIGITS = 297  # the last ones, of 1,797

# images and the numbers of their classes
Part: TypeAlias = tuple[Tensor, Tensor]


class Images(NamedTuple):
    """All there is: bytes of shape (N, 1, 28, 28), the numbers of their classes, and the names.

    ``missing`` says in a few words why these are not FashionMNIST; None if they are.
    """

    names: tuple[str, ...]
    train: Tensor
    train_labels: Tensor
    test: Tensor
    test_labels: Tensor
    missing: str | None


class Parts(NamedTuple):
    """What to train on, what to look at meanwhile, and what to look at once in the end."""

    names: tuple[str, ...]
    train: Part
    val: Part
    test: Part

    def count(self) -> int:
        """How many images there are."""
        return sum(len(images) for images, _ in (self.train, self.val, self.test))


def split(images: Images, share: float, seed: int) -> Parts:
    """Take a share (0..1) of the training images and split it 11:1; the test is always whole."""
    order = torch.randperm(len(images.train), generator=torch.Generator().manual_seed(seed))
    some = order[: max(2, round(len(order) * share))]
    held_back = max(1, len(some) * VAL_PARTS // (TRAIN_PARTS + VAL_PARTS))
    val, train = some[:held_back], some[held_back:]
    return Parts(
        images.names,
        (images.train[train], images.train_labels[train]),
        (images.train[val], images.train_labels[val]),
        (images.test, images.test_labels),
    )


def prepare(root: Path) -> int:
    """Make sure that `load(root)` finds images, say which ones they are, and return how many.

    What is there is used: a run whose data another one has prepared trains on just that.
    """
    if read_fashion(root) is None and digits.read_stand_in(root) is None:
        missing = download_fashion(root)
        if missing is not None:
            digits.write_stand_in(root, missing)
    images = load(root)
    count = len(images.train) + len(images.test)
    say_data("FashionMNIST", count, images.missing, digits.called(count))
    return count


def load(root: Path) -> Images:
    """The images that `prepare` left under `root`."""
    images = read_fashion(root) or read_digits(root)
    if images is None:
        raise FileNotFoundError(f"no images under {root}: call prepare first")
    return images


def read_fashion(root: Path) -> Images | None:
    """FashionMNIST as torchvision reads it, or None if it cannot read it."""
    if not (root / FOLDER).is_dir():
        return None  # torchvision takes seconds to import
    from common import vision  # before torchvision: see there

    if vision.UNAVAILABLE is not None:
        return None
    from torchvision.datasets import FashionMNIST

    try:
        train, test = (FashionMNIST(root, train=part, download=False) for part in (True, False))
    except (RuntimeError, AssertionError, LookupError, TypeError, ValueError):
        return None  # absent, or cut short: torchvision itself only checks that the files exist
    return Images(
        names=tuple(train.classes),
        train=train.data.unsqueeze(1),
        train_labels=train.targets,
        test=test.data.unsqueeze(1),
        test_labels=test.targets,
        missing=None,
    )


def download_fashion(root: Path) -> str | None:
    """Download FashionMNIST to `root`; return None, or in a few words why that failed."""
    from common import vision  # before torchvision: see there

    if vision.UNAVAILABLE is not None:
        return vision.UNAVAILABLE
    from torchvision.datasets import FashionMNIST

    return fetch(root, FOLDER, lambda folder: FashionMNIST(folder, download=True))


def read_digits(root: Path) -> Images | None:
    """The stand-in images that an earlier run wrote, or None."""
    found = digits.read_stand_in(root)
    if found is None:
        return None
    images, labels = found.images.unsqueeze(1), found.labels
    return Images(
        names=tuple("0123456789"),
        train=images[:-TESTED_DIGITS],
        train_labels=labels[:-TESTED_DIGITS],
        test=images[-TESTED_DIGITS:],
        test_labels=labels[-TESTED_DIGITS:],
        missing=found.missing,
    )
