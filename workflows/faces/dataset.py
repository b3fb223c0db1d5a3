"""The files as a data set: what PyTorch's loaders take."""

from __future__ import annotations

from typing import TYPE_CHECKING

from PIL import Image
from torch.utils.data import Dataset

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from torch import Tensor


class Faces(Dataset):
    """JPEG files, each decoded and augmented whenever it is asked for; no image is kept."""

    def __init__(self, files: Sequence[Path], augment: Callable[[Image.Image], Tensor]) -> None:
        self.files = list(files)
        self.augment = augment

    def __len__(self) -> int:
        """How many files there are."""
        return len(self.files)

    def __getitem__(self, index: int) -> Tensor:
        """The image at an index, as ``augment`` gives it."""
        with Image.open(self.files[index]) as image:
            return self.augment(image.convert("RGB"))
