"""Tensors of a safetensors file, from its header.

Source: the format's own description (huggingface/safetensors, README, "Format"): eight bytes of
length, little endian; a JSON object; the numbers.
"""

from __future__ import annotations

import json
import struct
from typing import Any, BinaryIO

from runner.artifacts.reading.source import STRETCH, Damaged, Window
from runner.artifacts.reading.values import Tensor, Tensors

_TYPES = {
    "BOOL": "bool", "U8": "uint8", "I8": "int8", "I16": "int16", "U16": "uint16",
    "F16": "float16", "BF16": "bfloat16", "I32": "int32", "U32": "uint32", "F32": "float32",
    "F64": "float64", "I64": "int64", "U64": "uint64", "F8_E5M2": "float8_e5m2",
    "F8_E4M3": "float8_e4m3fn", "F8_E8M0": "float8_e8m0fnu", "C64": "complex64",
}  # fmt: skip
_NOTES = "__metadata__"
# the format allows 100 MB; the largest models there are need some hundred kilobytes a file
_LONGEST = 8 << 20
_MOST_SIZES = 64


def read(file: BinaryIO) -> Tensors:
    """The tensors of a file.

    Raises:
        Damaged: it is none, or cut off.
    """
    window = Window(file)
    (length,) = struct.unpack("<Q", window.take(8))
    if length > window.left:
        raise Damaged(f"it claims a header of {length:,} bytes, and ends before")
    if length > _LONGEST:
        raise Damaged(f"its header has {length:,} bytes, which is more than wf reads")
    text = b"".join(window.take(min(STRETCH, length - at)) for at in range(0, length, STRETCH))
    try:
        header = json.loads(text)
    except (ValueError, RecursionError):
        raise Damaged("its header is no JSON") from None
    if not isinstance(header, dict):
        raise Damaged("its header names no tensors")
    notes = header.pop(_NOTES, None)
    facts = notes.items() if isinstance(notes, dict) else ()
    found = tuple(_tensor(name, said, window.left) for name, said in header.items())
    return Tensors(found, tuple((key, str(value)) for key, value in facts if _is_plain(value)))


def _is_plain(value: Any) -> bool:  # noqa: ANN401 - anything of JSON
    return isinstance(value, str | int | float)


def _tensor(name: str, said: Any, size: int) -> Tensor:  # noqa: ANN401
    try:
        shape, spelled, (start, end) = said["shape"], said["dtype"], said["data_offsets"]
        whole = [*shape, start, end]
        well = all(type(number) is int and 0 <= number < 1 << 63 for number in whole)
        well = well and len(shape) <= _MOST_SIZES and isinstance(spelled, str)
    except (KeyError, TypeError, ValueError):
        well = False
    if not well:
        raise Damaged(f"its header does not say how large `{name[:100]}` is")
    tensor = Tensor(name, tuple(shape), _TYPES.get(spelled, spelled.lower()))
    if not start <= end <= size:
        raise Damaged(f"the numbers of `{name[:100]}` lie beyond its end: it was cut off")
    if spelled in _TYPES and tensor.bytes != end - start:
        raise Damaged(f"`{name[:100]}` has {end - start:,} bytes, and its shape {tensor.bytes:,}")
    return tensor
