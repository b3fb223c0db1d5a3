"""The handwritten digits that ship with scikit-learn, as large as MNIST's: numpy only."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

DARKEST = 16  # scikit-learn's values are 0..16


def enlarged(side: int = 28) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """The 1,797 images, resized from 8 x 8: shape (1797, side, side), 0..255; and their labels."""
    from sklearn.datasets import load_digits

    small = load_digits()
    large = resized(small.images / DARKEST, side)
    return (large * 255).round().astype(np.uint8), small.target.astype(np.uint8)


def resized(images: NDArray[np.float64], side: int) -> NDArray[np.float64]:
    """Square images made larger, bilinearly: (N, n, n) to (N, side, side).

    As torch's ``interpolate(mode="bilinear", align_corners=False)``: pixels are areas, so the
    centre of the first large one lies before that of the first small one, and takes its value.
    """
    weights = _weights(images.shape[-1], side)
    return weights @ images @ weights.T


def _weights(given: int, wanted: int) -> NDArray[np.float64]:
    """How much each given pixel counts for each wanted one: (wanted, given), rows add up to 1."""
    centres = (np.arange(wanted) + 0.5) * given / wanted - 0.5
    centres = centres.clip(0, given - 1)
    left = np.floor(centres).astype(int).clip(0, given - 2)
    part = centres - left
    weights = np.zeros((wanted, given))
    rows = np.arange(wanted)
    weights[rows, left] = 1 - part
    weights[rows, left + 1] = part
    return weights
