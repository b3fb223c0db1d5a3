"""One training: the same images in the same order, on one device or on several."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import keras
import numpy as np
import tensorflow as tf
from common.notes import say
from model import network

if TYPE_CHECKING:
    from pathlib import Path

    from common.metrics import Metrics
    from data import Part, Parts
    from devices import Devices
    from numpy.typing import NDArray

LOG_EVERY_N_STEPS = 10
_MEASURED = ("loss", "val_loss", "val_accuracy", "images", "seconds")


@dataclass(frozen=True)
class Settings:
    """What both trainings have in common. ``batch_size`` counts images of all devices together."""

    epochs: int
    batch_size: int
    lr: float
    limit_train_batches: float
    seed: int
    folder: Path

    def steps(self, images: int) -> int:
        """How many steps an epoch has."""
        return max(1, int(images // self.batch_size * self.limit_train_batches))


def train(
    name: str, devices: Devices, parts: Parts, settings: Settings, metrics: Metrics
) -> tuple[keras.Model, int]:
    """Train up to the last epoch, and save after each; also say on how many images.

    What an earlier run has saved is gone on from.
    """
    keras.utils.set_random_seed(settings.seed)
    path = settings.folder / f"{name}.keras"
    with devices.scope():
        model = keras.models.load_model(path) if path.exists() else network(settings.lr)
    steps = settings.steps(len(parts.train))
    done = steps_made(model) // steps
    if path.exists():
        say(f"{name}: resumed at epoch {done + 1} of {settings.epochs}")
    metrics.forget_after(done * steps, columns(name))
    watch = Watch(name, metrics, settings.batch_size, done * steps)
    for epoch in range(done, settings.epochs):
        watch.epoch = epoch
        order = np.random.default_rng([settings.seed, epoch]).permutation(len(parts.train))
        used = order[: steps * settings.batch_size]
        epoch_of = batches(parts.train, used, settings.batch_size)
        model.fit(epoch_of, shuffle=False, callbacks=[watch], verbose=0)
        validated = evaluate(model, parts.val, settings.batch_size)
        told = {f"{name}_val_{what}": value for what, value in validated.items()}
        metrics.add(epoch, (epoch + 1) * steps, **told, **watch.pace())
        metrics.save()
        save(model, path)
        say(
            f"{name}: epoch {epoch + 1} of {settings.epochs},"
            f" val_loss {validated['loss']:.4f}, val_accuracy {validated['accuracy']:.4f}"
        )
    return model, max(0, settings.epochs - done) * steps * settings.batch_size


class Watch(keras.callbacks.Callback):
    """Takes down the loss while an epoch goes on, and how long the steps take."""

    def __init__(self, name: str, metrics: Metrics, batch_size: int, step: int) -> None:
        super().__init__()
        self.epoch = 0
        self._name, self._metrics = name, metrics
        self._batch_size, self._step = batch_size, step
        self._images = int(metrics.last(f"{name}_images") or 0)
        self._seconds = metrics.last(f"{name}_seconds") or 0.0
        self._traced = False
        self._since = 0.0

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Keras calls it when `fit` begins."""
        self._since = time.perf_counter()

    def on_train_batch_end(self, batch: int, logs: dict[str, Any] | None = None) -> None:
        """Keras calls it after each step."""
        self._step += 1
        if self._traced:
            self._images += self._batch_size
        else:
            self._traced = True
            self._since = time.perf_counter()
        if (batch + 1) % LOG_EVERY_N_STEPS == 0 and logs:
            loss = {f"{self._name}_loss": float(logs["loss"])}
            self._metrics.add(self.epoch, self._step, **loss)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:  # noqa: ARG002
        """Keras calls it when `fit` ends."""
        self._seconds += time.perf_counter() - self._since

    def pace(self) -> dict[str, float]:
        """How many images there were so far, in how many seconds.

        Without the first step of a process, in which TensorFlow traces its graph.
        """
        return {f"{self._name}_images": self._images, f"{self._name}_seconds": self._seconds}


def columns(name: str) -> list[str]:
    """Metrics of one training. ``loss`` is the mean since the epoch began, as Keras shows it."""
    return [f"{name}_{what}" for what in _MEASURED]


def steps_made(model: keras.Model) -> int:
    """How many steps a network was trained for, which its optimizer counts."""
    return int(tf.convert_to_tensor(model.optimizer.iterations.value))


def batches(part: Part, order: NDArray[np.int64], size: int) -> tf.data.Dataset:
    """The images in this order, gathered a whole batch at a time."""
    with tf.device("/cpu:0"):
        images, labels = tf.constant(part.images), tf.constant(part.labels)

    def gather(which: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        return tf.gather(images, which), tf.gather(labels, which)

    return tf.data.Dataset.from_tensor_slices(order).batch(size).map(gather).prefetch(2)


def evaluate(model: keras.Model, part: Part, size: int) -> dict[str, float]:
    """Loss and accuracy on images that were not trained on."""
    measured = model.evaluate(
        batches(part, np.arange(len(part)), size), verbose=0, return_dict=True
    )
    return {name: float(value) for name, value in measured.items()}


def save(model: keras.Model, path: Path) -> None:
    """Save network and optimizer, all of it or nothing: a run may be stopped at any moment."""
    partial = path.with_name(f"partial-{path.name}")  # Keras wants the name to end with .keras
    model.save(partial)
    partial.replace(path)
