"""Data in memory, in parts, for Lightning: what the data modules here have in common."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import common.vision  # noqa: F401 (before pytorch_lightning: see there)

# isort: split
import pytorch_lightning as pl

from common import batches
from common.notes import first_process
from common.phases import phase

if TYPE_CHECKING:
    from collections.abc import Mapping

    from torch import Tensor
    from torch.utils.data import DataLoader

# tensors with a row for each sample: images, and mostly what they show
Part: TypeAlias = "tuple[Tensor, ...]"


class PartedData(pl.LightningDataModule):
    """Parts called ``train``, ``val`` and mostly ``test``, read once and kept.

    A class of data says in `fetch` and `split` which they are. Lightning's hooks may be called
    many times, and a script may call them before: what was done is not done again.
    """

    def __init__(self, root: str = "data", batch_size: int = 32, seed: int = 0) -> None:
        super().__init__()
        self.save_hyperparameters()
        self.root = Path(root)
        self.batch_size = batch_size
        self.seed = seed
        self.parts: Mapping[str, Part] = {}

    def fetch(self) -> object:
        """Put the data below ``root``, if they are not there."""
        raise NotImplementedError

    def split(self) -> Mapping[str, Part]:
        """Read the data and split them. Called in every process: the seed makes them agree."""
        raise NotImplementedError

    def batches(self, part: Part, *, shuffle: bool) -> DataLoader:
        """A loader of a part, on the device that trains."""
        return batches.loader(part, self.batch_size, self.trainer, shuffle=shuffle, seed=self.seed)

    def read(self) -> None:
        """Have the data before the training begins, whose time is then that of training only.

        In the first process: the others find the data there, and Lightning has them wait.
        """
        if first_process():
            self.prepare_data()
            self.setup("fit")

    def prepare_data(self) -> None:
        """Put the data on disk. Lightning calls this in one process only; the others wait.

        So it changes nothing here but the disk: that the parts are read says that they are there.
        """
        if not self.parts:
            with phase("data"):
                self.fetch()

    def setup(self, stage: str) -> None:  # noqa: ARG002 (Lightning passes it by name)
        """Have the parts in memory. Lightning calls this in every process."""
        if not self.parts:
            with phase("data") as measured:
                self.parts = self.split()
                measured.samples = sum(len(rows) for rows, *_ in self.parts.values())

    def train_dataloader(self) -> DataLoader:
        """Batches to train on, in a new order each epoch."""
        return self.batches(self.parts["train"], shuffle=True)

    def val_dataloader(self) -> DataLoader:
        """Batches to validate on after each epoch."""
        return self.batches(self.parts["val"], shuffle=False)

    def transfer_batch_to_device(self, batch: list[Tensor], *_: object) -> list[Tensor]:
        """Leave a batch where it is: the loaders have made it on the device."""
        return batch

    def test_dataloader(self) -> DataLoader:
        """Batches to test on, once at the end."""
        return self.batches(self.parts["test"], shuffle=False)


class RepeatableData(PartedData):
    """The same, in an order that only the seed and the epoch decide: see `batches.repeatable`."""

    def batches(self, part: Part, *, shuffle: bool) -> DataLoader:
        """A loader of a part, on the device that trains."""
        seed = self.seed if shuffle else None
        return batches.repeatable(part, self.batch_size, self.trainer, seed=seed)
