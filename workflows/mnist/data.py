"""The images: MNIST where it can be had, else the digits that ship with scikit-learn.

Both are kept on disk under one folder and read back as one uint8 tensor of shape (N, 28, 28):

    data/MNIST/raw/...        what torchvision downloads
    data/digits/images.pt     the stand-in, written when MNIST cannot be downloaded
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import tempfile
import zlib
from contextlib import contextmanager
from http.client import HTTPException
from pathlib import Path
from pickle import UnpicklingError
from typing import TYPE_CHECKING

import vision  # before pytorch_lightning: see vision.py

# isort: split
import pytorch_lightning as pl
import torch
from torch import Tensor
from torch.nn.functional import interpolate
from torch.utils.data import DataLoader, Subset, TensorDataset, random_split

if TYPE_CHECKING:
    from collections.abc import Iterator

SIDE = 28
NETWORK_TIMEOUT_S = 5.0
# 55,000 to train on and 5,000 to validate on, of MNIST's 60,000; the same ratio of anything else.
TRAIN_PARTS, VAL_PARTS = 11, 1


class DigitsData(pl.LightningDataModule):
    """Images of digits, split 11:1 into a part to train on and one to validate on.

    A batch is a list of one float tensor of shape (batch, 784) with values in 0..1: an autoencoder
    needs no labels.
    """

    train: Subset
    val: Subset

    def __init__(self, root: str = "data", batch_size: int = 32, seed: int = 0) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.root = Path(root)
        self.batch_size = batch_size
        self.seed = seed
        self._prepared = False
        self._split = False

    def prepare_data(self) -> None:
        """Put the images on disk. Lightning calls this in one process only; the others wait."""
        if not self._prepared:
            prepare(self.root)
            self._prepared = True

    def setup(self, stage: str) -> None:  # noqa: ARG002 (Lightning passes it by name)
        """Read the images and split them. Called in every process: the seed makes them agree."""
        if self._split:
            return
        pixels = load(self.root).float().div(255).flatten(start_dim=1)
        val_size = len(pixels) * VAL_PARTS // (TRAIN_PARTS + VAL_PARTS)
        self.train, self.val = random_split(
            TensorDataset(pixels),
            [len(pixels) - val_size, val_size],
            generator=torch.Generator().manual_seed(self.seed),
        )
        self._split = True

    def train_dataloader(self) -> DataLoader:
        """Batches to train on, in a new order each epoch."""
        return DataLoader(self.train, batch_size=self.batch_size, shuffle=True)

    def val_dataloader(self) -> DataLoader:
        """Batches to validate on."""
        return DataLoader(self.val, batch_size=self.batch_size)

    def val_images(self, count: int) -> Tensor:
        """The first images of the validation part, shape (count, 784) or fewer rows."""
        return torch.stack([self.val[i][0] for i in range(min(count, len(self.val)))])


def prepare(root: Path) -> None:
    """Make sure that `load(root)` finds images, and say in one line which ones they are."""
    root.mkdir(parents=True, exist_ok=True)
    problem = vision.UNAVAILABLE
    if problem is None and read_mnist(root) is None:
        problem = download_mnist(root)
    if problem is None:
        print(f"data: MNIST, {len(load(root)):,} images", flush=True)
        return
    if read_digits(root) is None:
        write_digits(root)
    note(
        f"data: MNIST could not be {'downloaded' if vision.UNAVAILABLE is None else 'loaded'}"
        f" ({problem}); using the {len(load(root)):,} handwritten digits that ship with"
        f" scikit-learn, resized to {SIDE} x {SIDE}"
    )


def load(root: Path) -> Tensor:
    """The images that `prepare` left under `root`: uint8, shape (N, 28, 28)."""
    for read in (read_mnist, read_digits):
        images = read(root)
        if images is not None:
            return images
    raise FileNotFoundError(f"no images under {root}: call prepare first")


def read_mnist(root: Path) -> Tensor | None:
    """MNIST's training images as torchvision reads them, or None if it cannot read them."""
    if vision.UNAVAILABLE is not None:
        return None
    from torchvision.datasets import MNIST

    try:
        return MNIST(root, train=True, download=False).data
    except (RuntimeError, AssertionError, LookupError, TypeError, ValueError):
        return None  # absent, or cut short: torchvision itself only checks that the files exist


def download_mnist(root: Path) -> str | None:
    """Download MNIST to `root`; return None, or in a few words why that failed.

    The files are fetched beside their place and moved there when all are complete, so that an
    interrupted download is never taken for a finished one.
    """
    from torchvision.datasets import MNIST

    with tempfile.TemporaryDirectory(prefix=".mnist-", dir=root) as staging, network_timeout():
        try:
            MNIST(staging, train=True, download=True)
        except (RuntimeError, OSError, HTTPException, EOFError, zlib.error) as error:
            return brief_reason(error)
        shutil.rmtree(root / "MNIST", ignore_errors=True)
        Path(staging, "MNIST").replace(root / "MNIST")
    return None


@contextmanager
def network_timeout() -> Iterator[None]:
    """Give up on a silent server soon; torchvision sets no timeout of its own."""
    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(NETWORK_TIMEOUT_S)
    try:
        yield
    finally:
        socket.setdefaulttimeout(before)


def brief_reason(error: Exception) -> str:
    """The first cause that a download error names, without URLs, wrappers and errno numbers."""
    lines = [line for line in str(error).splitlines() if not line.startswith(("Error ", "Tried "))]
    text = lines[0] if lines else type(error).__name__
    text = re.sub(r"^<urlopen error (.*)>$", r"\1", text.strip())
    text = re.sub(r"^\[Errno -?\d+\] ", "", text).rstrip(".")
    return text if text[:2].isupper() else text[:1].lower() + text[1:]


def read_digits(root: Path) -> Tensor | None:
    """The stand-in images that an earlier run wrote, or None."""
    try:
        return torch.load(digits_file(root), weights_only=True)
    except (OSError, RuntimeError, EOFError, LookupError, ValueError, UnpicklingError):
        return None  # absent, or damaged


def write_digits(root: Path) -> None:
    """Write scikit-learn's 1,797 digits (8 x 8, values 0..16) as uint8 of shape (1797, 28, 28)."""
    from sklearn.datasets import load_digits

    small = torch.from_numpy(load_digits().images).float().div(16).unsqueeze(1)
    large = interpolate(small, size=(SIDE, SIDE), mode="bilinear", align_corners=False)
    path = digits_file(root)
    path.parent.mkdir(exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save(large.squeeze(1).mul(255).round().to(torch.uint8), partial)
    partial.replace(path)


def digits_file(root: Path) -> Path:
    """Where the stand-in images are kept."""
    return root / "digits" / "images.pt"


def note(line: str) -> None:
    """Print a line, and add it to the file that WF_NOTES names, if any, for the run's record."""
    print(line, flush=True)
    path = os.environ.get("WF_NOTES")
    if path:
        with Path(path).open("a", encoding="utf-8") as notes:
            notes.write(line + "\n")
