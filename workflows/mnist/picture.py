"""A picture of what the network has learned, drawn with torch and pillow only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

WHITE = 255
PAGE = 226  # a light grey, so that the digits' own white squares stand out
SCALE = 3  # screen pixels per image pixel
MARGIN = 4  # image pixels around and between the digits


def save_comparison(path: Path, originals: Tensor, reconstructions: Tensor) -> None:
    """Save a row of digits over a row of their reconstructions.

    Both tensors have shape (count, 784) and values around 0..1; 1 is drawn as black ink.
    """
    rows = torch.stack([originals, reconstructions]).detach().cpu()  # (2, count, 784)
    side = round(rows.shape[-1] ** 0.5)
    tiles = rows.clamp(0, 1).mul(255).round().to(torch.uint8).unflatten(-1, (side, side))
    sheet = Image.fromarray(_sheet(WHITE - tiles).numpy())
    size = (sheet.width * SCALE, sheet.height * SCALE)
    sheet.resize(size, Image.Resampling.BICUBIC).save(path)


def _sheet(tiles: Tensor) -> Tensor:
    """Lay tiles of shape (rows, columns, side, side) out on a page, with margins: (H, W)."""
    rows, columns, side, _ = tiles.shape
    step = side + MARGIN
    sheet = torch.full((rows * step + MARGIN, columns * step + MARGIN), PAGE, dtype=torch.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = MARGIN + row * step, MARGIN + column * step
            sheet[top : top + side, left : left + side] = tiles[row, column]
    return sheet
