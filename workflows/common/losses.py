"""The loss of training, logged without a cost that each step pays.

``self.log`` in every step takes longer than a small network's step, and on a GPU a value shown in
the progress bar is fetched from it in every step, which the next step then waits for. Here the sum
stays on the device, and only every so many steps one value is fetched and logged.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from pytorch_lightning import LightningModule
    from torch import Tensor

# Lightning's own, and at least so many times an epoch
EVERY_N_STEPS = 50
TIMES_AN_EPOCH = 5


class Losses:
    """``train_loss_step`` now and then, ``train_loss_epoch`` once an epoch.

    A module has one, calls `add` in its training step, and `end_epoch` in its hook of that name.
    """

    def __init__(self) -> None:
        self.samples = 0  # of all epochs, in this process
        self._sum: Tensor | float = 0.0
        self._seen = 0

    def add(self, module: LightningModule, loss: Tensor, samples: int) -> None:
        """Take the mean loss of a batch into account, and log it if it is time."""
        self._sum += loss.detach() * samples
        self._seen += samples
        self.samples += samples
        trainer = module.trainer
        every = min(EVERY_N_STEPS, max(1, int(trainer.num_training_batches) // TIMES_AN_EPOCH))
        step = trainer.global_step
        if trainer.is_global_zero and (step + 1) % every == 0:
            told = {"train_loss_step": loss.item(), "epoch": trainer.current_epoch}
            for logger in trainer.loggers:
                logger.log_metrics(told, step=step)

    def end_epoch(self, module: LightningModule) -> None:
        """Log the mean over the epoch, and over all processes."""
        mean = torch.as_tensor(self._sum, device=module.device) / self._seen
        module.log("train_loss_epoch", mean, prog_bar=True, sync_dist=True)
        self._sum, self._seen = 0.0, 0
