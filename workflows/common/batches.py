"""Loaders of data that is in memory: a whole batch is one look-up, not one of every sample.

The order is that of a ``DataLoader`` of single samples, which draws it from the same generator in
the same way; so with one seed both train the same model.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import torch
from torch.utils.data import (
    DataLoader,
    Dataset,
    DistributedSampler,
    RandomSampler,
    Sampler,
    SequentialSampler,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytorch_lightning import Trainer
    from torch import Tensor


def loader(
    tensors: tuple[Tensor, ...],
    batch_size: int,
    trainer: Trainer,
    *,
    shuffle: bool = False,
    seed: int = 0,
) -> DataLoader:
    """Batches of tensors that have a row for each sample, on the device that trains.

    A batch is a list of tensors; bytes become floats in it, see `shades`. Where several processes
    train, each one gets its share of the rows, so make the trainer with
    ``use_distributed_sampler=False``; the seed is that of the order they agree on. A process alone
    draws its order from torch's own random numbers. The tensors are moved to the device once,
    whole: bytes take a quarter of the room that floats do.
    """
    device = trainer.strategy.root_device
    rows = _Shades(tuple(tensor.to(device) for tensor in tensors))
    if trainer.world_size > 1:
        order = _share(rows, trainer, seed if shuffle else None)
    else:
        order = RandomSampler(rows) if shuffle else SequentialSampler(rows)
    return DataLoader(rows, sampler=_Batches(order, batch_size, device), batch_size=None)


def repeatable(
    tensors: tuple[Tensor, ...],
    batch_size: int,
    place: Trainer | torch.device,
    *,
    seed: int | None = None,
) -> DataLoader:
    """The same, but bytes stay bytes, and the order depends on the seed and the epoch only.

    Without a seed it is the order that they have.

    A training that goes on at epoch 3 meets the batches that it would have met then. Nothing is
    drawn from torch's own random numbers, so dropout is the same whatever is looked at in between.
    A loop that is not Lightning's names its device, and calls ``sampler.set_epoch``.
    """
    alone = isinstance(place, torch.device)
    device = place if alone else place.strategy.root_device
    rows = _Rows(tuple(tensor.to(device) for tensor in tensors))
    if not alone and place.world_size > 1:
        order = _share(rows, place, seed)
    else:
        order = SequentialSampler(rows) if seed is None else _NewOrder(len(rows), seed)
    batches = _Batches(order, batch_size, device)
    return DataLoader(rows, sampler=batches, batch_size=None, generator=torch.Generator())


def shades(pixels: Tensor) -> Tensor:
    """Pixels of 0 to 255 as floats of 0 to 1, to the last bit what torchvision makes of them."""
    return pixels.float().div_(255)


def _share(rows: _Rows, trainer: Trainer, seed: int | None) -> Sampler:
    """What is this process's of all rows, in an order that the seed decides; None: as they are."""
    return DistributedSampler(
        rows, trainer.world_size, trainer.global_rank, shuffle=seed is not None, seed=seed or 0
    )


class _Rows(Dataset):
    """The samples, taken by a tensor of their numbers."""

    def __init__(self, tensors: tuple[Tensor, ...]) -> None:
        self._tensors = tensors

    def __len__(self) -> int:
        return len(self._tensors[0])

    def __getitem__(self, numbers: Tensor) -> list[Tensor]:
        return [tensor.index_select(0, numbers) for tensor in self._tensors]


class _Shades(_Rows):
    """The same, with bytes as floats."""

    def __getitem__(self, numbers: Tensor) -> list[Tensor]:
        found = super().__getitem__(numbers)
        return [shades(one) if one.dtype == torch.uint8 else one for one in found]


class _NewOrder(Sampler):
    """All rows in an order that the seed and the epoch decide."""

    def __init__(self, rows: int, seed: int) -> None:
        self._rows = rows
        self._seed = seed
        self._epoch = 0

    def __len__(self) -> int:
        return self._rows

    def __iter__(self) -> Iterator[int]:
        order = torch.Generator().manual_seed(self._seed + self._epoch)
        return iter(torch.randperm(self._rows, generator=order).tolist())

    def set_epoch(self, epoch: int) -> None:
        """The number of the epoch that comes next, from 0 on."""
        self._epoch = epoch


class _Batches(Sampler):
    """The numbers of the samples of each batch, as tensors on the device that holds the samples."""

    def __init__(self, order: Sampler, batch_size: int, device: torch.device) -> None:
        self._order = order
        self._batch_size = batch_size
        self._device = device

    def __len__(self) -> int:
        return math.ceil(len(self._order) / self._batch_size)

    def __iter__(self) -> Iterator[Tensor]:
        numbers = torch.tensor(list(self._order), device=self._device)
        yield from numbers.split(self._batch_size)

    def set_epoch(self, epoch: int) -> None:
        """Have each epoch its own order, where chance does not see to it; Lightning calls this."""
        if isinstance(self._order, (DistributedSampler, _NewOrder)):
            self._order.set_epoch(epoch)
