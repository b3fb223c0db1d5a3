"""The images, shared out among the ranks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
import torch.distributed as dist
from common import digits
from torch.utils.data import DistributedSampler

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ranks import Ranks
    from torch import Tensor

# one in twelve images is for validation: 5,000 of MNIST's 60,000
VALIDATE_EVERY = 12


class Shares:
    """A rank's share of the images: tensors of shape (N, 784) with values in 0..1, on its device.

    Taken together, the shares of a batch are the same images however many ranks there are. So are
    those to validate on.
    """

    val: Tensor

    def __init__(self, root: Path, ranks: Ranks, batch_size: int, seed: int) -> None:
        if ranks.rank == 0:
            digits.prepare(root)
        dist.barrier()  # the others find what rank 0 has put there
        pixels = digits.load(root).images.float().div(255).flatten(start_dim=1).to(ranks.device)
        order = torch.randperm(len(pixels), generator=torch.Generator().manual_seed(seed))
        val = len(order) // VALIDATE_EVERY
        self.val = pixels[order[:val][ranks.rank :: ranks.size]]
        self._train = pixels[order[val:]]
        self._share = batch_size // ranks.size
        # rank r of n has every n-th image of an order that all agree on
        self._sampler = DistributedSampler(
            self._train, ranks.size, ranks.rank, seed=seed, drop_last=True
        )

    def __len__(self) -> int:
        """Steps in an epoch; images that do not make a whole batch are left out of it."""
        return len(self._sampler) // self._share

    def batches(self, epoch: int) -> Iterator[Tensor]:
        """This rank's share of each batch of an epoch."""
        self._sampler.set_epoch(epoch)  # else each epoch would have the order of the first
        mine = torch.tensor(list(self._sampler), device=self._train.device)
        for step in range(len(self)):
            yield self._train[mine[step * self._share : (step + 1) * self._share]]
