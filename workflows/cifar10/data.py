"""The images in parts, on the device that trains."""

from __future__ import annotations

from typing import TYPE_CHECKING

from common.parts import RepeatableData
from images import load, prepare, validated

if TYPE_CHECKING:
    from common.parts import Part


class PhotosData(RepeatableData):
    """The training images split 9:1 into a part to train on and one to validate on, and the test.

    A batch is a list of the images, bytes of shape (batch, 3, 32, 32), and their classes, which
    ``names`` explains. All of them are moved to the device as bytes: the network makes numbers of
    them there.
    """

    names: tuple[str, ...]

    def fetch(self) -> None:
        """CIFAR-10, or what stands in for it."""
        prepare(self.root)

    def split(self) -> dict[str, Part]:
        """The three parts."""
        images = load(self.root)
        self.names = images.names
        held_back = validated(images.train_tiles, self.seed)
        return {
            "train": (images.train[~held_back], images.train_labels[~held_back]),
            "val": (images.train[held_back], images.train_labels[held_back]),
            "test": (images.test, images.test_labels),
        }
