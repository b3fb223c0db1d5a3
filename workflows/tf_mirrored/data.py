"""The images: MNIST where it can be had, else the digits that ship with scikit-learn.

Both are kept in one folder, in files of the same form (``x_train``, ``y_train``, ``x_test``,
``y_test``; images are uint8 of shape (N, 28, 28)):

    data/mnist.npz    what Keras downloads
    data/digits.npz   the stand-in, written when MNIST cannot be downloaded
"""

from __future__ import annotations

import zipfile
import zlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from common.download import fetch
from common.notes import note
from common.stand_in import enlarged

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

MNIST, STAND_IN = "mnist.npz", "digits.npz"
# what keras.datasets.mnist has, which can put it below the home folder only
ORIGIN = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/mnist.npz"
SHA256 = "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1"
# one in twelve images that are not for the test is for validation: 5,000 of MNIST's 60,000
VALIDATE_EVERY = 12
# one in six of the stand-in is for the test
TEST_EVERY = 6


@dataclass(frozen=True)
class Part:
    """Images of shape (N, 28, 28, 1) with values in 0..1, and the digits they show."""

    images: NDArray[np.float32]
    labels: NDArray[np.int64]

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class Parts:
    """What to train on, to validate on after each epoch, and to test on at the end."""

    train: Part
    val: Part
    test: Part


def prepare(root: Path) -> int:
    """Have MNIST in a folder, or the stand-in; say which it is, and return how many images."""
    _fetch(root)
    found = load(root)
    return sum(map(len, (found.train, found.val, found.test)))


def load(root: Path) -> Parts:
    """The images of a folder, which are put there if there are none yet; say which they are."""
    if not any((root / name).exists() for name in (MNIST, STAND_IN)):
        _fetch(root)
    found = read(root / MNIST)
    if found is not None:
        print(f"data: MNIST, {_counts(found)}", flush=True)
        return found
    found = read(root / STAND_IN)
    if found is None:
        raise FileNotFoundError(f"no images in {root}: remove it and start again")
    note(
        "data: the handwritten digits that ship with scikit-learn, resized to 28 x 28,"
        f" in the place of MNIST: {_counts(found)}"
    )
    return found


def _fetch(root: Path) -> None:
    """Have one of the files; the run's record says why, if it is the stand-in."""
    if read(root / MNIST) is not None:
        return
    problem = fetch(root, MNIST, download)
    if problem is not None:
        note(f"data: MNIST could not be downloaded ({problem})")
        write_stand_in(root / STAND_IN)


def read(path: Path) -> Parts | None:
    """The images of one file, or None if it is not there, or damaged."""
    try:
        with np.load(path) as held:
            train, test = (
                _part(held[f"x_{name}"], held[f"y_{name}"]) for name in ("train", "test")
            )
    except (OSError, ValueError, LookupError, EOFError, zipfile.BadZipFile, zlib.error):
        return None
    val = np.arange(len(train)) % VALIDATE_EVERY == 0
    return Parts(_some(train, ~val), _some(train, val), test)


def download(folder: str) -> None:
    """Have Keras download MNIST to a folder, and check it."""
    import quiet  # noqa: F401 (before keras: see there)

    # isort: split
    import keras

    try:
        keras.utils.get_file(
            MNIST, origin=ORIGIN, file_hash=SHA256, cache_dir=folder, cache_subdir="."
        )
    except Exception as error:  # noqa: BLE001 (Keras raises it in the place of urllib's)
        raise RuntimeError(str(error.__context__ or error)) from None


def write_stand_in(path: Path) -> None:
    """Write scikit-learn's 1,797 digits in the form of Keras's file."""
    images, labels = enlarged()
    test = np.arange(len(labels)) % TEST_EVERY == 0
    partial = path.with_suffix(".partial")
    with partial.open("wb") as file:
        np.savez_compressed(
            file,
            x_train=images[~test],
            y_train=labels[~test],
            x_test=images[test],
            y_test=labels[test],
        )
    partial.replace(path)


def _part(images: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Part:
    return Part(images[..., None].astype(np.float32) / 255, labels.astype(np.int64))


def _some(part: Part, which: NDArray[np.bool_]) -> Part:
    return Part(part.images[which], part.labels[which])


def _counts(parts: Parts) -> str:
    train, val, test = (f"{len(part):,}" for part in (parts.train, parts.val, parts.test))
    return f"{train} to train on, {val} to validate, {test} to test"
