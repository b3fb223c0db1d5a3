"""The images: CIFAR-10 where it can be had, else tiles of photographs (see photos.py).

Both are kept on disk under one folder:

    data/cifar-10-batches-py/...    what torchvision downloads
    data/photographs/tiles.pt       the stand-in, written when CIFAR-10 cannot be downloaded
"""

from __future__ import annotations

from pickle import UnpicklingError
from typing import TYPE_CHECKING, NamedTuple

from common import vision  # before anything that imports torchvision: see vision.py

# isort: split
import photos
import torch
from common.download import fetch
from common.notes import say_data
from torch import Tensor

if TYPE_CHECKING:
    from pathlib import Path

FOLDER = "cifar-10-batches-py"
# 45,000 to train on and 5,000 to validate on, of CIFAR-10's 50,000; the same ratio of anything else
TRAIN_PARTS, VAL_PARTS = 9, 1


class Images(NamedTuple):
    """All there is: bytes of shape (N, 3, 32, 32), the numbers of their classes, and the names.

    Images of one number in ``tiles`` show the same thing, and stay on one side of a split.
    ``missing`` says in a few words why these are not CIFAR-10; None if they are.
    """

    names: tuple[str, ...]
    train: Tensor
    train_labels: Tensor
    train_tiles: Tensor
    test: Tensor
    test_labels: Tensor
    missing: str | None


def validated(tiles: Tensor, seed: int) -> Tensor:
    """Which images are held back to validate on: True for one tile in ten, chosen by the seed."""
    count = int(tiles.max()) + 1
    order = torch.randperm(count, generator=torch.Generator().manual_seed(seed))
    return torch.isin(tiles, order[: count * VAL_PARTS // (TRAIN_PARTS + VAL_PARTS)])


def prepare(root: Path) -> int:
    """Make sure that `load(root)` finds images, say which ones they are, and return how many.

    What is there is used: a run whose data another one has prepared trains on just that.
    """
    if read_cifar10(root) is None and read_photographs(root) is None:
        missing = vision.UNAVAILABLE or download_cifar10(root)
        if missing is not None:
            write_photographs(root, missing)
    images = load(root)
    count = len(images.train) + len(images.test)
    tiles = (
        f"{count:,} tiles of the ten photographs that ship with scikit-learn and scikit-image,"
        " 32 x 32"
    )
    say_data("CIFAR-10", count, images.missing, tiles)
    return count


def load(root: Path) -> Images:
    """The images that `prepare` left under `root`."""
    for read in (read_cifar10, read_photographs):
        images = read(root)
        if images is not None:
            return images
    raise FileNotFoundError(f"no images under {root}: call prepare first")


def read_cifar10(root: Path) -> Images | None:
    """CIFAR-10 as torchvision reads it, or None if it cannot read it."""
    if vision.UNAVAILABLE is not None:
        return None
    from torchvision.datasets import CIFAR10

    try:  # torchvision looks at the files' checksums
        train, test = (CIFAR10(root, train=part, download=False) for part in (True, False))
    except (OSError, RuntimeError, EOFError, LookupError, ValueError, UnpicklingError):
        return None
    pixels, tested = (torch.from_numpy(part.data).permute(0, 3, 1, 2) for part in (train, test))
    return Images(
        names=tuple(train.classes),
        train=pixels.contiguous(),
        train_labels=torch.tensor(train.targets),
        train_tiles=torch.arange(len(pixels)),
        test=tested.contiguous(),
        test_labels=torch.tensor(test.targets),
        missing=None,
    )


def download_cifar10(root: Path) -> str | None:
    """Download CIFAR-10 to `root`; return None, or in a few words why that failed."""
    from torchvision.datasets import CIFAR10

    return fetch(root, FOLDER, lambda folder: CIFAR10(folder, download=True))


def read_photographs(root: Path) -> Images | None:
    """The stand-in images that an earlier run wrote, or None."""
    try:
        return Images(photos.NAMES, **torch.load(tiles_file(root), weights_only=True))
    except (OSError, RuntimeError, EOFError, LookupError, ValueError, TypeError, UnpicklingError):
        return None  # absent, or damaged


def write_photographs(root: Path, missing: str) -> None:
    """Cut the photographs that are at hand, and keep the tiles."""
    path = tiles_file(root)
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial")
    torch.save({**photos.cut(), "missing": missing}, partial)
    partial.replace(path)


def tiles_file(root: Path) -> Path:
    """Where the stand-in images are kept."""
    return root / "photographs" / "tiles.pt"
