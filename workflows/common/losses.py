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
    """``train_loss_step`` now and then, ``train_loss_epoch`` and ``val_loss`` once an epoch.

    A module has one, calls `add` in its training step and `add_validated` in that of validation,
    and `end_epoch` and `end_validation` in the hooks at their ends.
    """

    def __init__(self) -> None:
        self.samples = 0  # trained on, of all epochs, in this process
        self._trained = _Mean()
        self._validated = _Mean()

    def add(self, module: LightningModule, loss: Tensor, samples: int) -> None:
        """Take the mean loss of a batch into account, and log it if it is time."""
        self._trained.add(loss.detach(), samples)
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
        self._trained.log(module, "train_loss_epoch")

    def add_validated(self, loss: Tensor, samples: int) -> None:
        """Take the mean loss of a batch that is not trained on into account."""
        self._validated.add(loss, samples)

    def end_validation(self, module: LightningModule) -> None:
        """Log the mean over all that was validated, in all processes."""
        self._validated.log(module, "val_loss")


class _Mean:
    """The mean of what was added, however many samples each was the mean of."""

    def __init__(self) -> None:
        self._sum: Tensor | float = 0.0
        self._seen = 0

    def add(self, loss: Tensor, samples: int) -> None:
        self._sum += loss * samples
        self._seen += samples

    def log(self, module: LightningModule, name: str) -> None:
        """Log it, and begin anew."""
        mean = torch.as_tensor(self._sum, device=module.device) / self._seen
        module.log(name, mean, prog_bar=True, sync_dist=True, batch_size=self._seen)
        self._sum, self._seen = 0.0, 0
