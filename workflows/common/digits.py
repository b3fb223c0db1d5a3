"""Images of handwritten digits: MNIST where it can be had, else the ones in scikit-learn.

Both are kept on disk under one folder, and read back in the same form:

    data/MNIST/raw/...          what torchvision downloads
    data/digits/digits.pt       the stand-in, written when MNIST cannot be downloaded

What is there is used: a run whose data another one has prepared trains on just that.
"""

from __future__ import annotations

from pickle import UnpicklingError
from typing import TYPE_CHECKING, NamedTuple

import torch
from torch import Tensor

if TYPE_CHECKING:
    from pathlib import Path

from common.download import fetch
from common.notes import say_data
from common.stand_in import enlarged

SIDE = 28
MNIST_FOLDER = "MNIST"


class Digits(NamedTuple):
    """Images (uint8, shape (N, 28, 28), 0 is paper) and the digit on each (int64, shape (N,)).

    ``missing`` says in a few words why these are not MNIST; None if they are.
    """

    images: Tensor
    labels: Tensor
    missing: str | None


def prepare(root: Path) -> int:
    """Make sure that `load(root)` finds images, say which ones they are, and return how many."""
    digits = _found(root)
    if digits is None:
        missing = download_mnist(root)
        if missing is not None:
            write_stand_in(root, missing)
        digits = load(root)
    count = len(digits.images)
    say_data("MNIST", count, digits.missing, called(count))
    return count


def called(count: int) -> str:
    """What the digits that stand in are, in words."""
    return (
        f"the {count:,} handwritten digits that ship with scikit-learn, resized to {SIDE} x {SIDE}"
    )


def load(root: Path) -> Digits:
    """The images that `prepare` left under ``root``.

    Raises:
        FileNotFoundError: there are none.
    """
    digits = _found(root)
    if digits is None:
        raise FileNotFoundError(f"no images under {root}: call prepare first")
    return digits


def load_test(root: Path) -> Digits | None:
    """MNIST's images to test on; None if there is its stand-in, which has none set apart."""
    return read_mnist(root, train=False)


def _found(root: Path) -> Digits | None:
    return read_mnist(root) or read_stand_in(root)


def read_mnist(root: Path, *, train: bool = True) -> Digits | None:
    """MNIST's images as torchvision reads them, or None if it cannot read them."""
    if not (root / MNIST_FOLDER).is_dir():
        return None  # torchvision takes seconds to import
    from common import vision  # before torchvision: see there

    if vision.UNAVAILABLE is not None:
        return None
    from torchvision.datasets import MNIST

    try:
        found = MNIST(root, train=train, download=False)
    except (RuntimeError, AssertionError, LookupError, TypeError, ValueError):
        return None  # absent, or cut short: torchvision itself only checks that the files exist
    return Digits(found.data, found.targets, None)


def download_mnist(root: Path) -> str | None:
    """Download MNIST to ``root``; return None, or in a few words why that failed."""
    from common import vision  # before torchvision: see there

    if vision.UNAVAILABLE is not None:
        return vision.UNAVAILABLE
    from torchvision.datasets import MNIST

    return fetch(root, MNIST_FOLDER, lambda folder: MNIST(folder, train=True, download=True))


def read_stand_in(root: Path) -> Digits | None:
    """The stand-in that an earlier run wrote, or None."""
    try:
        return Digits(**torch.load(stand_in(root), weights_only=True))
    except (OSError, RuntimeError, EOFError, LookupError, TypeError, ValueError, UnpicklingError):
        return None  # absent, or damaged


def write_stand_in(root: Path, missing: str) -> None:
    """Write scikit-learn's 1,797 digits in the form of MNIST's."""
    images, labels = enlarged(SIDE)
    digits = Digits(torch.from_numpy(images), torch.from_numpy(labels).long(), missing)
    path = stand_in(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(digits._asdict(), partial)
    partial.replace(path)


def stand_in(root: Path) -> Path:
    """Where the stand-in is kept."""
    return root / "digits" / "digits.pt"
