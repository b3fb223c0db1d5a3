"""Many small images on one sheet, drawn with torch and pillow only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from PIL import Image

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

PAGE = 226  # a light grey, so that white images stand out
MARGIN = 4  # image pixels around and between them


def save_tiles(path: Path, tiles: Tensor, scale: int = 3) -> None:
    """Save images as rows and columns.

    ``tiles`` has shape (rows, columns, height, width) for shades of grey, or (rows, columns,
    height, width, 3) for colours, with values from 0 (black) to 255. ``scale`` is how many pixels
    of the sheet one of an image becomes.
    """
    sheet = Image.fromarray(_sheet(tiles.to(torch.uint8).cpu()).numpy())
    size = (sheet.width * scale, sheet.height * scale)
    sheet.resize(size, Image.Resampling.BICUBIC).save(path)


def _sheet(tiles: Tensor) -> Tensor:
    """Lay the tiles out on a page, with margins: (H, W) or (H, W, 3)."""
    rows, columns, height, width = tiles.shape[:4]
    down, right = height + MARGIN, width + MARGIN
    size = (rows * down + MARGIN, columns * right + MARGIN, *tiles.shape[4:])
    sheet = torch.full(size, PAGE, dtype=torch.uint8)
    for row in range(rows):
        for column in range(columns):
            top, left = MARGIN + row * down, MARGIN + column * right
            sheet[top : top + height, left : left + width] = tiles[row, column]
    return sheet
