"""How large an image is: its header alone is read.

Sources: PNG (W3C, 11.2.2), JPEG (ITU T.81, B.2.2), GIF89a, WebP (RFC 9649), BMP (the Windows
``BITMAPCOREHEADER`` and ``BITMAPINFOHEADER``).
"""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING, BinaryIO

from runner.artifacts.reading.source import Damaged, Window
from runner.artifacts.reading.values import Image

if TYPE_CHECKING:
    from collections.abc import Callable

_CORE_HEADER = 12
_MARKERS = 10_000


def reader(head: bytes) -> tuple[str, Callable[[BinaryIO], Image]] | None:
    """The format and how to read it, by the first 16 bytes; ``None`` if it is no image."""
    for mark, name, read in _FORMATS:
        if head.startswith(mark) and (name != "WebP" or head[8:12] == b"WEBP"):
            return name, read
    return None


def _png(file: BinaryIO) -> Image:
    window = Window(file)
    window.skip(8)
    _, kind, width, height = struct.unpack(">I4sII", window.take(16))
    if kind != b"IHDR":
        raise Damaged("its header is missing")
    return _sized("PNG", width, height)


def _gif(file: BinaryIO) -> Image:
    _, width, height = struct.unpack("<6sHH", Window(file).take(10))
    return _sized("GIF", width, height)


def _bmp(file: BinaryIO) -> Image:
    window = Window(file)
    window.skip(14)
    (size,) = struct.unpack("<I", window.take(4))
    if size == _CORE_HEADER:
        width, height = struct.unpack("<HH", window.take(4))
    else:
        width, height = struct.unpack("<ii", window.take(8))
    return _sized("BMP", width, abs(height))  # negative: its rows run from the top


def _webp(file: BinaryIO) -> Image:
    window = Window(file)
    window.skip(12)
    kind = window.take(4)
    window.skip(4)
    if kind == b"VP8X":
        window.skip(4)
        packed = window.take(6)
        width, height = (int.from_bytes(packed[at : at + 3], "little") + 1 for at in (0, 3))
    elif kind == b"VP8L":
        _, bits = struct.unpack("<BI", window.take(5))
        width, height = (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    elif kind == b"VP8 ":
        window.skip(6)
        packed_width, packed_height = struct.unpack("<HH", window.take(4))
        width, height = packed_width & 0x3FFF, packed_height & 0x3FFF
    else:
        raise Damaged("its first part is none that WebP has")
    return _sized("WebP", width, height)


def _jpeg(file: BinaryIO) -> Image:
    """The first frame header; what comes before it is skipped part by part."""
    window = Window(file)
    window.skip(2)
    for _ in range(_MARKERS):
        if window.take(1) != b"\xff":
            raise Damaged("a part of it does not begin where the one before ends")
        kind = window.take(1)[0]
        if kind == 0xFF:  # a filler: the next byte may be the marker  # noqa: PLR2004
            window = Window(file, window.at - 1)
        elif kind in {0xD9, 0xDA}:
            break
        elif kind == 0x01 or 0xD0 <= kind <= 0xD7:  # noqa: PLR2004
            continue
        else:
            (length,) = struct.unpack(">H", window.take(2))
            if 0xC0 <= kind <= 0xCF and kind not in {0xC4, 0xC8, 0xCC}:  # noqa: PLR2004
                _, height, width = struct.unpack(">BHH", window.take(5))
                return _sized("JPEG", width, height)
            window.skip(length - 2)
    raise Damaged("it does not say how large it is")


def _sized(name: str, width: int, height: int) -> Image:
    if width <= 0 or height <= 0:
        raise Damaged(f"it claims to be {width} by {height} pixels large")
    return Image(name, width, height)  # type: ignore[arg-type]


_FORMATS: tuple[tuple[bytes, str, Callable[[BinaryIO], Image]], ...] = (
    (b"\x89PNG\r\n\x1a\n", "PNG", _png),
    (b"\xff\xd8\xff", "JPEG", _jpeg),
    (b"GIF87a", "GIF", _gif),
    (b"GIF89a", "GIF", _gif),
    (b"RIFF", "WebP", _webp),
    (b"BM", "BMP", _bmp),
)
