"""TFRecord: records with their length and checksums, one behind the other.

Source: tensorflow ``tsl/lib/io/record_writer.h``: length (8 bytes), masked CRC-32C of it (4), the
record, masked CRC-32C of that (4); little endian. The mask: ``tsl/lib/hash/crc32c.h``.
"""

from __future__ import annotations

import struct
from functools import cache
from typing import TYPE_CHECKING, BinaryIO

from runner.artifacts.reading.source import Damaged, Window

if TYPE_CHECKING:
    from collections.abc import Iterator

_POLYNOMIAL = 0x82F63B78
_DELTA = 0xA282EAD8
_HEAD = struct.Struct("<QI")
_FOOT = struct.Struct("<I")
_LONGEST = 64 << 10


def records(file: BinaryIO) -> Iterator[bytes | None]:
    """Every record; ``None`` stands for one that is longer than any with scalars, left unread.

    Raises:
        Damaged: a checksum does not fit, or the last record is not whole.
    """
    window = Window(file)
    while window.left:
        at = window.at
        if window.left < _HEAD.size:
            raise Damaged(_unfinished(at))
        head = window.take(_HEAD.size)
        length, check = _HEAD.unpack(head)
        if masked(head[:8]) != check:
            raise Damaged(f"the record at byte {at:,} is damaged; what follows is not read")
        if window.left < length + _FOOT.size:
            raise Damaged(_unfinished(at))
        if length > _LONGEST:
            window.skip(length + _FOOT.size)
            yield None
            continue
        record = window.take(length)
        if masked(record) != _FOOT.unpack(window.take(_FOOT.size))[0]:
            raise Damaged(f"the record at byte {at:,} is damaged; what follows is not read")
        yield record


def _unfinished(at: int) -> str:
    return f"its last record, at byte {at:,}, is not whole: it was cut off, or is being written"


def masked(data: bytes) -> int:
    """The checksum as a record has it."""
    table = _table()
    value = 0xFFFFFFFF
    for byte in data:
        value = table[(value ^ byte) & 0xFF] ^ (value >> 8)
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + _DELTA) & 0xFFFFFFFF


@cache
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (_POLYNOMIAL if value & 1 else 0)
        found.append(value)
    return tuple(found)
