"""What a zip archive has in it, and where: its list of contents, read without keeping it.

Own code, as the standard library's reader keeps the whole list, however long an archive says it
is. Source: PKWARE's APPNOTE.TXT 6.3.10, 4.3 (records), 4.4 (fields) and 4.5.3 (sizes of 64 bits).
"""

from __future__ import annotations

import io
import struct
import zlib
from typing import TYPE_CHECKING, BinaryIO, NamedTuple

from runner.artifacts.reading.source import STRETCH, Damaged, Window, size_of

if TYPE_CHECKING:
    from collections.abc import Iterator

MAGIC = b"PK\x03\x04"
_STORED, _DEFLATED = 0, 8
_END = struct.Struct("<4s4H2IH")
_END_64 = struct.Struct("<4sQ2H2I4Q")
_LOCATOR = struct.Struct("<4sIQI")
_ENTRY = struct.Struct("<4s6H3I5H2I")
_HEADER = struct.Struct("<4s5H3I2H")
_ENCRYPTED = 1
_WIDE, _MANY = 0xFFFFFFFF, 0xFFFF
_SIZES_OF_64_BITS = 1
_LONGEST_COMMENT = 0xFFFF
_LONGEST_ENTRY = 46 + 3 * 0xFFFF
_MOST = 100_000
_UNPACKED_AT_MOST = 16 << 20
_PIECE = 64 << 10


class Member(NamedTuple):
    """A file within an archive: its name, its size unpacked and packed, where its header is."""

    name: str
    size: int
    packed: int
    header: int
    method: int


def members(file: BinaryIO) -> Iterator[Member]:
    """Every file of an archive, in the order of its list of contents.

    The file may be moved meanwhile.

    Raises:
        Damaged: it is no whole archive.
    """
    start, left = _contents(file)
    listed, at = b"", 0
    for _ in range(_MOST):
        if len(listed) - at < _LONGEST_ENTRY and left:
            # a piece at a time, as who asked for a member may have moved the file
            piece = Window(file, start, left).take(min(left, STRETCH))
            listed, at = listed[at:] + piece, 0
            start, left = start + len(piece), left - len(piece)
        if at == len(listed):
            return
        member, at = _entry(listed, at)
        yield member
    raise Damaged(f"it lists more than {_MOST:,} files")


def _contents(file: BinaryIO) -> tuple[int, int]:
    """Where the list of contents begins, and how long it is."""
    size = size_of(file)
    tail = max(size - _END.size - _LONGEST_COMMENT, 0)
    last = Window(file, tail).take(size - tail)
    at = last.rfind(b"PK\x05\x06")
    if at < 0 or len(last) - at < _END.size:
        raise Damaged("its list of contents is missing: it was cut off, or is still being written")
    _, _, _, _, count, length, start, _ = _END.unpack_from(last, at)
    if _WIDE in (length, start) or count == _MANY:
        found = _wide(file, tail + at)
        if found is not None:
            length, start = found
    if start + length > size:
        raise Damaged("its list of contents lies beyond its end")
    return start, length


def _wide(file: BinaryIO, end: int) -> tuple[int, int] | None:
    """The same of an archive whose sizes have 64 bits; ``None`` if this one's have not."""
    if end < _LOCATOR.size:
        return None
    mark, _, at, _ = _LOCATOR.unpack(Window(file, end - _LOCATOR.size).take(_LOCATOR.size))
    if mark != b"PK\x06\x07":
        return None
    mark, *_, length, start = _END_64.unpack(Window(file, at).take(_END_64.size))
    if mark != b"PK\x06\x06":
        raise Damaged("its list of contents is not where it says")
    return length, start


def _entry(listed: bytes, at: int) -> tuple[Member, int]:
    """An entry of the list, and where the next one begins."""
    if len(listed) - at < _ENTRY.size:
        raise Damaged("its list of contents is damaged")
    fields = _ENTRY.unpack_from(listed, at)
    mark, _, _, flags, method, _, _, _, packed, size, named, extra, comment, *_, header = fields
    name = at + _ENTRY.size
    more = name + named
    end = more + extra + comment
    if mark != b"PK\x01\x02" or end > len(listed):
        raise Damaged("its list of contents is damaged")
    if flags & _ENCRYPTED:
        raise Damaged("it is encrypted")
    if _WIDE in (size, packed, header):
        wide = _wide_sizes(listed[more : more + extra])
        size, packed, header = (next(wide, 0) if one == _WIDE else one
                                for one in (size, packed, header))  # fmt: skip
    spelled = listed[name:more].decode("utf-8", errors="replace")
    return Member(spelled, size, packed, header, method), end


def _wide_sizes(extra: bytes) -> Iterator[int]:
    at = 0
    while at + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, at)
        if kind == _SIZES_OF_64_BITS:
            body = extra[at + 4 : at + 4 + length]
            yield from (value for (value,) in struct.iter_unpack("<Q", body[: len(body) // 8 * 8]))
        at += 4 + length


def opened(file: BinaryIO, member: Member, most: int | None = None) -> Window:
    """The content of a member; where it is stored as it is, a part of the file itself.

    With ``most`` a packed one is given out up to so many bytes.

    Raises:
        Damaged: it is not there, or more than wf unpacks.
    """
    window = Window(file, member.header)
    mark, *_, named, extra = _HEADER.unpack(window.take(_HEADER.size))
    if mark != MAGIC:
        raise Damaged(f"`{member.name}` is not where the list of contents says")
    window.skip(named + extra)
    if member.method == _STORED:
        if window.left < member.size:
            raise Damaged(f"`{member.name}` ends too early")
        return Window(file, window.at, member.size)
    if member.method != _DEFLATED:
        raise Damaged(f"`{member.name}` is packed in a way that wf does not know")
    found = _unpacked(window, member, most or _UNPACKED_AT_MOST + 1)
    if len(found) > _UNPACKED_AT_MOST:
        raise Damaged(f"`{member.name}` is more than wf unpacks")
    return Window(io.BytesIO(found))


def _unpacked(window: Window, member: Member, most: int) -> bytes:
    """At most so many bytes; what comes after them is not unpacked, whatever the list says."""
    found = bytearray()
    unpacking = zlib.decompressobj(-zlib.MAX_WBITS)
    left = min(member.packed, window.left)
    piece = b""
    try:
        while len(found) < most and not unpacking.eof and (left or piece):
            if not piece:
                piece = window.take(min(left, _PIECE))
                left -= len(piece)
            found += unpacking.decompress(piece, most - len(found))
            piece = unpacking.unconsumed_tail
    except zlib.error:
        raise Damaged(f"`{member.name}` cannot be unpacked: it is damaged") from None
    return bytes(found)
