"""Bytes of a requirements file -> its text, as pip decodes it.

A byte order mark decides (PowerShell writes UTF-16), then a declaration in the first two lines (PEP
263), then it is UTF-8. pip would go on with the machine's own encoding; a file must not mean
something else on another machine.
"""

from __future__ import annotations

import codecs
import re

# the longer first: the mark of UTF-32 begins with that of UTF-16
_MARKS = (
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_DECLARED = re.compile(rb"coding[:=]\s*([-\w.]+)")


def decode(content: bytes) -> str:
    """The text of a file.

    Raises:
        UnicodeError: it is none in its encoding.
    """
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            return content[len(mark) :].decode(encoding)
    for line in content.split(b"\n", 2)[:2]:
        declared = _DECLARED.search(line) if line.startswith(b"#") else None
        if declared:
            return _declared(content, declared[1].decode("ascii", errors="replace"))
    return content.decode("utf-8")


def _declared(content: bytes, encoding: str) -> str:
    try:
        known = codecs.lookup(encoding)
        return content.decode(known.name)
    except LookupError as error:  # there is none of that name, or it makes no text of bytes
        raise UnicodeError(f"it says that it is in {encoding!r}, which is no encoding") from error
