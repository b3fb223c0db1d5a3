"""The stand-in: ten real photographs that ship inside scikit-learn and scikit-image, cut up.

Each photograph is a class. It is cut into tiles of 32 x 32 that do not overlap, and the 120 of them
with the most contrast are kept: 100 to train on and 20 to test on, so that what is tested was
never seen. Each tile to train on comes four times: as it is, mirrored, brighter and darker.
"""

from __future__ import annotations

from pathlib import Path

import torch
from PIL import Image
from torch import Tensor

NAMES = (
    "astronaut", "cat", "coffee", "rocket", "galaxies",
    "eye", "tissue", "motorcycle", "temple", "flower",
)  # fmt: skip
_FILES = (
    ("skimage", "astronaut.png"),
    ("skimage", "chelsea.png"),
    ("skimage", "coffee.png"),
    ("skimage", "rocket.jpg"),
    ("skimage", "hubble_deep_field.jpg"),
    ("skimage", "retina.jpg"),
    ("skimage", "ihc.png"),
    ("skimage", "motorcycle_left.png"),
    ("sklearn", "china.jpg"),
    ("sklearn", "flower.jpg"),
)
SIDE = 32
TILES = 120
TEST_EVERY = 6  # of a photograph's tiles, by contrast
BRIGHTER, DARKER = 1.25, 0.75


def cut() -> dict[str, Tensor]:
    """All tiles: ``train`` and ``test`` as bytes of shape (N, 3, 32, 32), and what they show.

    ``train_labels`` and ``test_labels`` are the classes' numbers. ``train_tiles`` has the same
    number for all variants of one tile: they must not be on both sides of a split.
    """
    kept = torch.stack([_tiles(_photograph(*file)) for file in _FILES])  # (10, 120, 3, 32, 32)
    tested = torch.arange(TILES) % TEST_EVERY == 0
    train, test = kept[:, ~tested].flatten(0, 1), kept[:, tested].flatten(0, 1)
    variants = torch.stack(
        [train, train.flip(-1), _lit(train, BRIGHTER), _lit(train, DARKER)], dim=1
    )
    each = len(train) // len(NAMES)
    tiles = torch.arange(len(train)).repeat_interleave(variants.shape[1])
    return {
        "train": variants.flatten(0, 1),
        "train_labels": tiles // each,
        "train_tiles": tiles,
        "test": test,
        "test_labels": torch.arange(len(test)) // (len(test) // len(NAMES)),
    }


def _photograph(library: str, name: str) -> Tensor:
    """A photograph as bytes of shape (3, height, width)."""
    with Image.open(_folder(library) / name) as image:
        raw = torch.frombuffer(bytearray(image.convert("RGB").tobytes()), dtype=torch.uint8)
        return raw.view(image.height, image.width, 3).permute(2, 0, 1)


def _folder(library: str) -> Path:
    """Where a library keeps its photographs."""
    if library == "sklearn":
        import sklearn

        return Path(sklearn.__file__).parent / "datasets" / "images"
    import skimage

    return Path(skimage.__file__).parent / "data"


def _tiles(photograph: Tensor) -> Tensor:
    """The tiles of a photograph with the most contrast: bytes of shape (120, 3, 32, 32)."""
    rows = photograph.unfold(1, SIDE, SIDE).unfold(2, SIDE, SIDE)  # (3, down, across, 32, 32)
    tiles = rows.permute(1, 2, 0, 3, 4).flatten(0, 1)
    contrast = tiles.float().flatten(1).std(dim=1)
    return tiles[contrast.argsort(descending=True, stable=True)[:TILES]]


def _lit(tiles: Tensor, factor: float) -> Tensor:
    return tiles.float().mul(factor).clamp(0, 255).round().to(torch.uint8)
