"""The network: a small convolutional classifier of digits."""

from __future__ import annotations

import keras

CLASSES = 10


def network(lr: float) -> keras.Model:
    """32 filters of 3 x 3, pooling, 64 and 10: with Adam, and ready to be trained.

    Nothing in it is drawn by chance while it is trained (dropout would be, on each device anew), so
    that the same batches lead to the same weights however many devices share them.
    """
    layers = keras.layers
    made = keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dense(64, activation="relu"),
            layers.Dense(CLASSES),
        ]
    )
    made.compile(
        optimizer=keras.optimizers.Adam(lr),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,  # "auto" would compile for one device and not for several
    )
    return made
