"""The training as a loop of PyTorch's own: one device, and everything written out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from common.batches import repeatable
from common.metrics import Metrics
from common.phases import phase
from data import load, prepare, split
from precision import DTYPES
from torch.nn.functional import cross_entropy
from torch.utils.tensorboard import SummaryWriter

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager
    from pathlib import Path

    from data import Parts
    from torch import nn
    from torch.utils.data import DataLoader

LOG_EVERY_N_STEPS = 5
MEASURED = ("train_loss", "train_acc", "val_loss", "val_acc", "test_loss", "test_acc")


class Loggers:
    """Where Lightning's loggers write, too: ``metrics.csv``, and what TensorBoard shows."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._metrics = Metrics(folder / "metrics.csv", MEASURED)
        self._board = SummaryWriter(str(folder / "tensorboard"))

    def add(self, epoch: int, step: int, **values: float) -> None:
        """Take down what was measured."""
        self._metrics.add(epoch, step, **values)
        for name, value in values.items():
            self._board.add_scalar(name, value, step)

    def save(self) -> None:
        """Have on disk what was taken down."""
        self._metrics.save()
        self._board.flush()


class Training:
    """A network, its optimizer, and how far it has come."""

    def __init__(self, args: argparse.Namespace, net: nn.Module, device: torch.device) -> None:
        self.net = net.to(device)
        self.device = device
        self.precision = args.precision
        self.optimizer = torch.optim.Adam(self.net.parameters(), lr=args.lr)
        half_on_gpu = args.precision == "16-mixed"
        self.scaler = torch.amp.GradScaler(device.type, enabled=half_on_gpu)
        self.epoch = 0
        self.step = 0

    def go_on(self, checkpoint: str) -> None:
        """Take everything up from a checkpoint that `save` has written."""
        saved = torch.load(checkpoint, map_location=self.device, weights_only=True)
        self.net.load_state_dict(saved["net"])
        self.optimizer.load_state_dict(saved["optimizer"])
        self.scaler.load_state_dict(saved["scaler"])
        self.epoch, self.step = saved["epoch"], saved["global_step"]
        # dropout goes on where it was: the end is the same as without a stop
        torch.set_rng_state(saved["rng"].cpu())

    def save(self, path: Path) -> None:
        """Write a checkpoint, whole or not at all."""
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        state = {
            "epoch": self.epoch,
            "global_step": self.step,
            "net": self.net.state_dict(),
            "optimizer": self.optimizer.state_dict(),
            "scaler": self.scaler.state_dict(),
            "rng": torch.get_rng_state(),
        }
        torch.save(state, partial)
        partial.replace(path)

    def train(self, batches: DataLoader, loggers: Loggers) -> None:
        """One epoch."""
        self.net.train()
        correct = torch.zeros((), device=self.device)
        for images, labels in batches:
            with self._autocast():
                scores = self.net(images)
                loss = cross_entropy(scores, labels)
            self.optimizer.zero_grad()
            self.scaler.scale(loss).backward()
            self.scaler.step(self.optimizer)
            self.scaler.update()
            correct += (scores.argmax(dim=1) == labels).sum()
            self.step += 1
            if self.step % LOG_EVERY_N_STEPS == 0:
                loggers.add(self.epoch, self.step - 1, train_loss=loss.item())
        accuracy = correct.item() / len(batches.dataset)
        loggers.add(self.epoch, self.step - 1, train_acc=accuracy)

    @torch.inference_mode()
    def measure(self, batches: DataLoader) -> tuple[float, float]:
        """Loss and accuracy of all images together."""
        self.net.eval()
        total = torch.zeros((), device=self.device)
        correct = torch.zeros((), device=self.device)
        for images, labels in batches:
            with self._autocast():
                scores = self.net(images)
                total += cross_entropy(scores, labels).float() * len(labels)
            correct += (scores.argmax(dim=1) == labels).sum()
        count = len(batches.dataset)
        return total.item() / count, correct.item() / count

    def _autocast(self) -> AbstractContextManager[None]:
        dtype = DTYPES.get(self.precision)
        return torch.autocast(self.device.type, dtype, enabled=dtype is not None)


def train(
    args: argparse.Namespace, net: nn.Module, checkpoint: str | None, done: int
) -> tuple[Parts, float]:
    """Train the network and return the parts of the data with the accuracy on the test.

    The checkpoint has ``done`` epochs behind it.
    """
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    with phase("data") as measured:
        prepare(args.data)
        parts = split(load(args.data), args.share, args.seed)
        measured.samples = parts.count()
    training = Training(args, net, device)
    if checkpoint is not None:
        training.go_on(checkpoint)
    batches = repeatable(parts.train, args.batch_size, device, seed=args.seed)
    val, test = (repeatable(part, args.batch_size, device) for part in (parts.val, parts.test))
    loggers = Loggers(args.model)
    with phase("fit") as measured:
        measured.samples = len(parts.train[0]) * max(0, args.epochs - done)
        while training.epoch < args.epochs:
            batches.sampler.set_epoch(training.epoch)
            training.train(batches, loggers)
            loss, accuracy = training.measure(val)
            loggers.add(training.epoch, training.step - 1, val_loss=loss, val_acc=accuracy)
            training.epoch += 1
            print(
                f"epoch {training.epoch}: val_loss {loss:.4f}, val_acc {accuracy:.4f}", flush=True
            )
            loggers.save()
            training.save(args.model / "checkpoints" / "last.ckpt")
    with phase("test") as measured:
        loss, accuracy = training.measure(test)
        measured.samples = len(parts.test[0])
    loggers.add(training.epoch, training.step, test_loss=loss, test_acc=accuracy)
    loggers.save()
    return parts, accuracy
