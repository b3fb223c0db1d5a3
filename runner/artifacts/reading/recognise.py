"""Which reader a file is for: told by its first bytes, or by its name where those say nothing."""

from __future__ import annotations

import posixpath
import struct
from typing import TYPE_CHECKING, BinaryIO

from runner.artifacts.reading import arrays, checkpoint, images, zipped
from runner.artifacts.reading.source import Damaged
from runner.artifacts.reading.values import Unread

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.artifacts.reading.values import Metrics, Reading

_HEAD = 32
_EVENTS = ".tfevents."
_CHECKPOINTS = (".ckpt", ".pt", ".pth", ".pt2")
_TENSORS = ".safetensors"
_TABLES = (".csv", ".tsv")
_PARAMETERS = ("hparams.yaml", "hparams.yml")
_ARRAYS = (".npy", ".npz")
_IMAGES = (".png", ".jpg", ".jpeg", ".gif", ".webp", ".bmp")


def promising(path: str) -> bool:
    """Whether a file's name lets one expect something that can be read."""
    name = posixpath.basename(path).lower()
    known = (*_CHECKPOINTS, _TENSORS, *_TABLES, *_ARRAYS, *_IMAGES)
    return name.endswith(known) or is_parameters(path) or is_events(path)


def has_metrics(path: str) -> bool:
    """Whether a file's name lets one expect metrics."""
    return path.lower().endswith(_TABLES) or is_events(path)


def is_parameters(path: str) -> bool:
    """Whether a file's name is one that Lightning gives to hyper-parameters: ``hparams.yaml``."""
    return posixpath.basename(path).lower() in _PARAMETERS


def is_events(path: str) -> bool:
    """Whether a file's name is one that TensorBoard's writers give: ``events.out.tfevents.…``."""
    return _EVENTS in posixpath.basename(path)


def read(file: BinaryIO, path: str) -> Reading | None:
    """What a file holds; ``None`` if it is of no kind that is known.

    Raises:
        OSError: it cannot be read from the disk.
    """
    file.seek(0)
    head = file.read(_HEAD)
    name = posixpath.basename(path).lower()
    what = _expected(name, head)
    if not what:
        return None
    if not head:
        return Unread(what, "it is empty")
    try:
        return _read(file, name, head)
    except Damaged as error:
        return Unread(what, str(error))
    except struct.error:
        return Unread(what, "it ends too early: it was cut off, or is damaged")


def read_events(files: Iterable[BinaryIO]) -> Metrics:
    """The metrics of the event files of one folder, in the order of their names.

    Raises:
        OSError: one cannot be read from the disk.
    """
    from runner.artifacts.reading import events

    return events.read(files)


def _expected(name: str, head: bytes) -> str:  # noqa: PLR0911 - one a kind
    """What a file should be; empty if nothing is known of it."""
    image = images.reader(head)
    if image is not None:
        return f"{image[0]} image"
    if head.startswith(zipped.MAGIC) and name.endswith(".npz"):
        return "archive of arrays"
    if checkpoint.is_legacy(head) or name.endswith(_CHECKPOINTS):
        return "checkpoint"
    if head.startswith(arrays.MAGIC) or name.endswith(_ARRAYS):
        return "array"
    if name.endswith(_TENSORS):
        return "safetensors file"
    if name.endswith(_TABLES):
        return "table"
    if name in _PARAMETERS:
        return "file of hyper-parameters"
    if is_events(name):
        return "event file"
    if name.endswith(_IMAGES):
        return "image"
    return "archive" if head.startswith(zipped.MAGIC) else ""


def _read(file: BinaryIO, name: str, head: bytes) -> Reading | None:  # noqa: PLR0911 - one a kind
    image = images.reader(head)
    if image is not None:
        return image[1](file)
    if head.startswith(zipped.MAGIC):
        return _archive(file, name)
    if checkpoint.is_legacy(head):
        return checkpoint.read_legacy(file)
    if head.startswith(arrays.MAGIC):
        return arrays.read(file)
    if name.endswith(_TENSORS):
        from runner.artifacts.reading import safetensors

        return safetensors.read(file)
    if name.endswith(_TABLES):
        from runner.artifacts.reading import table

        return table.read(file)
    if name in _PARAMETERS:
        from runner.artifacts.reading import parameters

        return parameters.read(file)
    if is_events(name):
        return read_events([file])
    raise Damaged("it does not begin as such a file does")


def _archive(file: BinaryIO, name: str) -> Reading | None:
    if name.endswith(".npz"):
        return arrays.read_all(file)
    try:
        member = checkpoint.pickled(file)
    except Damaged:
        if name.endswith(_CHECKPOINTS):
            raise
        return None
    if member is not None:
        return checkpoint.read(file, member)
    if name.endswith(_CHECKPOINTS):
        raise Damaged("it is an archive without what torch.save puts into one")
    return None
