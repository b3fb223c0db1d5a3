"""Messages of protocol buffers, field by field, without their descriptions.

Source: protobuf.dev, "Encoding": a field's number and wire type, then a number or a length.
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, Any

from runner.artifacts.reading.source import Damaged

if TYPE_CHECKING:
    from collections.abc import Iterator

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
_WIDTHS = {FIXED64: 8, FIXED32: 4}
_LONGEST = 10
_LAST_BYTE = 0x80


def fields(message: bytes) -> Iterator[tuple[tuple[int, int], Any]]:
    """Every field: its number and wire type, and its value (a number of a varint, else bytes).

    Raises:
        Damaged: it is no message.
    """
    at = 0
    while at < len(message):
        key, at = _varint(message, at)
        number, wire = key >> 3, key & 7
        if wire == VARINT:
            value, at = _varint(message, at)
            yield (number, wire), value
            continue
        if wire == BYTES:
            length, at = _varint(message, at)
        else:
            length = _WIDTHS.get(wire, -1)
        if length < 0 or at + length > len(message):
            raise Damaged("a record of it is damaged")
        yield (number, wire), message[at : at + length]
        at += length


def packed(value: Any, wire: int, form: str) -> list[float]:  # noqa: ANN401 - as fields has it
    """The numbers of a repeated field, or of a part of it; without ``form`` they are varints."""
    if wire == VARINT:
        return [_signed(value)]
    if form:
        size = struct.calcsize(form)
        return [one for (one,) in struct.iter_unpack(form, value[: len(value) // size * size])]
    found: list[float] = []
    at = 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(_signed(number))
    return found


def _signed(value: int) -> int:
    return value - (1 << 64) if value >> 63 else value


def _varint(message: bytes, at: int) -> tuple[int, int]:
    if at < len(message) and message[at] < _LAST_BYTE:
        return message[at], at + 1
    value = 0
    for place in range(_LONGEST):
        if at + place >= len(message):
            break
        byte = message[at + place]
        value |= (byte & 0x7F) << 7 * place
        if byte < _LAST_BYTE:
            return value & 0xFFFFFFFFFFFFFFFF, at + place + 1
    raise Damaged("a record of it is damaged")
