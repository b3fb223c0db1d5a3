"""Files that ``torch.save`` wrote: Lightning's checkpoints and all others.

Two formats: a zip archive (torch 1.6 and later) with a pickle and a file for each storage; and
before that several pickles one behind the other. Source: ``torch/serialization.py``
(``_save``, ``_legacy_save``).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from runner.artifacts.reading import zipped
from runner.artifacts.reading.pickles.machine import interpret
from runner.artifacts.reading.pickles.nodes import Pairs
from runner.artifacts.reading.saved import describe
from runner.artifacts.reading.source import Damaged, Window

if TYPE_CHECKING:
    from runner.artifacts.reading.pickles.tensors import Numbers, Storage
    from runner.artifacts.reading.values import Checkpoint

_PICKLE = "data.pkl"
_MAGIC_NUMBER = 0x1950A86A20F9469CFC6C
_FORMS = {"float64": "d", "float32": "f", "float16": "e", "int64": "q", "int32": "i",
          "int16": "h", "int8": "b", "uint8": "B", "bool": "?"}  # fmt: skip
_NOTHING = b""


def is_legacy(head: bytes) -> bool:
    """Whether a file's first 16 bytes are those of the older format: its magic number, pickled."""
    return _MAGIC_NUMBER.to_bytes(10, "little") in head and head[:1] == b"\x80"


def pickled(file: BinaryIO) -> zipped.Member | None:
    """The pickle within an archive of ``torch.save``; ``None`` if it is another kind of archive.

    Raises:
        Damaged: it is no whole archive.
    """
    for member in zipped.members(file):
        folder, _, name = member.name.rpartition("/")
        if name == _PICKLE and "/" not in folder:
            return member
    return None


def read(file: BinaryIO, member: zipped.Member) -> Checkpoint:
    """A checkpoint in an archive.

    Raises:
        Damaged: it is none, or more than wf takes apart.
    """
    root = interpret(zipped.opened(file, member))
    storages = _Storages(file, member.name.removesuffix(_PICKLE))
    return describe(root, storages.number, storages.check, script=storages.script)


def read_legacy(file: BinaryIO) -> Checkpoint:
    """A checkpoint in the older format.

    Raises:
        Damaged: it is none, or more than wf takes apart.
    """
    window = Window(file)
    if interpret(window) != _MAGIC_NUMBER:
        raise Damaged("it does not begin as files of torch do")
    interpret(window)
    system = interpret(window)
    if not isinstance(system, Pairs):
        raise Damaged("it does not begin as files of torch do")
    root = interpret(window)
    keys = interpret(window)
    left = window.left

    def check(storages: list[Storage]) -> None:
        # before the numbers of each storage stands their count
        claimed = sum(storage.bytes + 8 for storage in storages)
        if isinstance(keys, list) and claimed > left:
            raise Damaged(
                f"it claims {claimed:,} bytes of numbers, and has {left:,}: it was cut off"
            )

    return describe(root, _unknown, check)


def _unknown(_numbers: Numbers) -> float | None:
    return None


class _Storages:
    """The files of an archive that hold numbers."""

    def __init__(self, file: BinaryIO, folder: str) -> None:
        self._file = file
        self._folder = folder
        self._known: dict[str, zipped.Member] = {}
        self.script = False
        big = False
        for member in zipped.members(file):
            name = member.name.removeprefix(folder)
            if name.startswith("data/"):
                self._known[name.removeprefix("data/")] = member
            elif name == "constants.pkl":
                self.script = True
            elif name == "byteorder" and member.size < 10:  # noqa: PLR2004
                big = zipped.opened(file, member).take(member.size) == b"big"
        self._order = ">" if big else "<"

    def check(self, storages: list[Storage]) -> None:
        """Compare what the pickle claims with what is there."""
        for storage in storages:
            member = self._known.get(storage.key)
            if member is None or member.size < storage.bytes:
                there = 0 if member is None else member.size
                raise Damaged(
                    f"it claims {storage.bytes:,} bytes of numbers in a part that has {there:,}"
                )

    def number(self, numbers: Numbers) -> float | None:
        """The value of a tensor that has but one."""
        form, member = _FORMS.get(numbers.dtype), self._known.get(numbers.storage or "")
        if form is None or member is None or member.method or numbers.offset < 0:
            return None
        shape = struct.Struct(self._order + form)
        window = zipped.opened(self._file, member)
        window.skip(numbers.offset * shape.size)
        (value,) = shape.unpack(window.take(shape.size))
        return float(value) if form in "dfe" else int(value)
