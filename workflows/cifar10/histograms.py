"""How the weights are distributed after each epoch, for TensorBoard."""

from __future__ import annotations

import pytorch_lightning as pl
from pytorch_lightning.loggers import TensorBoardLogger


class WeightHistograms(pl.Callback):
    """Write a histogram of each parameter after each epoch, in the first process only."""

    def on_train_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Called by Lightning."""
        if not trainer.is_global_zero:
            return
        for logger in trainer.loggers:
            if isinstance(logger, TensorBoardLogger):
                for name, weights in pl_module.named_parameters():
                    logger.experiment.add_histogram(name, weights, trainer.current_epoch)
