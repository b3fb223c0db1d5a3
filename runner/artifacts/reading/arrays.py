"""Arrays of numpy: shapes and types, from the headers alone.

Source: ``numpy/lib/_format_impl.py`` (formats 1.0 to 3.0). The header is a literal of Python; here
it is matched, not evaluated.
"""

from __future__ import annotations

import re
import struct
from typing import BinaryIO

from runner.artifacts.reading import zipped
from runner.artifacts.reading.source import Damaged, Window, size_of
from runner.artifacts.reading.values import Arrays, Tensor

MAGIC = b"\x93NUMPY"
_SUFFIX = ".npy"
_LONGEST_HEADER = 64 << 10
_MOST = 10_000
_DESCR = re.compile(r"""'descr':\s*('[^']{1,100}'|\[.*?\])\s*,\s*'fortran""", re.DOTALL)
_SHAPE = re.compile(r"""'shape':\s*\(([\d,\sL]{0,1000})\)""")
_SIMPLE = re.compile(r"'[<>|=]?([biufcmMSUVO?])(\d*)(\[.*\])?'")
_WORDS = {"b": "int", "i": "int", "u": "uint", "f": "float", "c": "complex"}
_OTHERS = {"O": "object", "?": "bool", "S": "bytes", "U": "text", "V": "void",
           "m": "timedelta", "M": "datetime"}  # fmt: skip
_LONGEST_TYPE = 60


def read(file: BinaryIO) -> Arrays:
    """The array of an ``npy`` file.

    Raises:
        Damaged: it is none.
    """
    tensor, start = _array(Window(file), "")
    if start + tensor.bytes > size_of(file):
        raise Damaged(f"it claims {tensor.bytes:,} bytes of numbers, and has fewer: it was cut off")
    return Arrays((tensor,))


def read_all(file: BinaryIO) -> Arrays:
    """The arrays of an ``npz`` file.

    Raises:
        Damaged: it is none, or has more than wf looks at.
    """
    found = []
    for member in zipped.members(file):
        if member.name.endswith(_SUFFIX):
            # of a packed one nothing but the header is of interest
            window = zipped.opened(file, member, _LONGEST_HEADER + 2 * len(MAGIC))
            found.append(_array(window, member.name.removesuffix(_SUFFIX))[0])
        if len(found) > _MOST:
            raise Damaged(f"it has more than {_MOST:,} arrays")
    return Arrays(tuple(found))


def _array(window: Window, name: str) -> tuple[Tensor, int]:
    """The array that a window begins with, and where its numbers do."""
    if window.take(len(MAGIC)) != MAGIC:
        raise Damaged("it is no array of numpy")
    major, _ = window.take(2)
    form = "<H" if major == 1 else "<I"
    (length,) = struct.unpack(form, window.take(struct.calcsize(form)))
    if length > _LONGEST_HEADER:
        raise Damaged("its header is longer than any of numpy's")
    header = window.take(length).decode("utf-8", errors="replace")
    descr, shape = _DESCR.search(header), _SHAPE.search(header)
    if descr is None or shape is None:
        raise Damaged("its header says no type and no shape")
    sizes = [part.strip().rstrip("L") for part in shape[1].split(",")]
    known = tuple(int(part) for part in sizes if part.isdecimal() and len(part) < 20)  # noqa: PLR2004
    return Tensor(name, known, _type(descr[1])), window.at


def _type(spelled: str) -> str:
    simple = _SIMPLE.fullmatch(spelled)
    if simple is None:
        text = " ".join(spelled.strip("'").split())
        return text if len(text) <= _LONGEST_TYPE else text[: _LONGEST_TYPE - 1] + "…"
    letter, size, unit = simple.groups()
    if spelled.strip("'|<>=") == "b1":
        return "bool"
    if letter in _WORDS:
        return f"{_WORDS[letter]}{int(size or 0) * 8}"
    return f"{_OTHERS[letter]}{size if letter in 'SU' else unit or ''}"
