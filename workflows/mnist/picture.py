"""A picture of what the network has learned."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from common.tiles import save_tiles

if TYPE_CHECKING:
    from pathlib import Path

    from torch import Tensor

WHITE = 255


def save_comparison(path: Path, originals: Tensor, reconstructions: Tensor) -> None:
    """Save a row of digits over a row of their reconstructions.

    Both tensors have shape (count, 784) and values around 0..1; 1 is drawn as black ink.
    """
    rows = torch.stack([originals, reconstructions]).detach().cpu()  # (2, count, 784)
    side = round(rows.shape[-1] ** 0.5)
    tiles = rows.clamp(0, 1).mul(255).round().unflatten(-1, (side, side))
    save_tiles(path, WHITE - tiles)
