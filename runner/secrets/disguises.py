"""The forms in which a value may turn up in what a job prints. Pure.

They are what programs make of a value that they print: encodings, and what quotes it for a shell,
for JSON, for an address, or as Python shows it.
"""

from __future__ import annotations

import base64
import json
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# what is shorter stands in many a text by chance (Buildkite's agent leaves the same out)
LEAST_BYTES = 6
# Python's own, and what JavaScript's encodeURIComponent leaves besides
_LEFT_IN_ADDRESSES = ("", "/", "!'()*")
_IN_DOUBLE_QUOTES = '\\"$`'
_BARE = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789@%_-+=:,./")
# base64(1) and MIME (RFC 2045, section 6.8) break lines here
_BASE64_LINE = 76


def disguises(values: Iterable[str]) -> tuple[bytes, ...]:
    """Every form of the values that is long enough, each once, the longest first.

    White space around a value tells nothing, and would keep every end of a line waiting for what
    follows it.
    """
    found = {form for value in values for form in _forms(value.strip())}
    long_enough = (form for form in found if len(form) >= LEAST_BYTES)
    return tuple(sorted(long_enough, key=lambda form: (-len(form), form)))


def _forms(value: str) -> Iterator[bytes]:
    for text in _texts(value):
        yield text.encode()
    yield from _base64(value.encode())


def _texts(value: str) -> Iterator[str]:
    yield value
    if "\n" in value:
        yield value.replace("\n", "\r\n")  # as a terminal has it
        yield from (line.strip() for line in value.splitlines())
    yield from (quote(value, safe=left) for left in _LEFT_IN_ADDRESSES)
    yield quote_plus(value)
    yield from (json.dumps(value, ensure_ascii=ascii_only)[1:-1] for ascii_only in (True, False))
    yield repr(value)[1:-1]
    yield repr(value.encode())[2:-1]
    yield from _shell(value)


def _shell(value: str) -> Iterator[str]:
    """As shlex.quote, `set -x`, `export -p` and `printf %q` show it."""
    yield value.replace("'", "'\"'\"'")
    yield value.replace("'", "'\\''")
    yield "".join(f"\\{c}" if c in _IN_DOUBLE_QUOTES else c for c in value)
    yield "".join(c if c in _BARE else f"\\{c}" for c in value)
    yield json.dumps(value, ensure_ascii=False)[1:-1].replace('\\"', '"').replace("'", "\\'")


def _base64(value: bytes) -> Iterator[bytes]:
    """In both alphabets, at whatever place of a longer text it stands.

    The letters at its ends are shared with what stands around it; with nothing after it there is
    one more.
    """
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + value)
        own = encoded[-(-before * 4 // 3) : (before + len(value)) * 4 // 3]
        yield from (own, own.translate(_URL_ALPHABET))
    whole = base64.b64encode(value)
    yield from (whole, whole.translate(_URL_ALPHABET))
    if len(whole) > _BASE64_LINE:
        lines = [whole[at : at + _BASE64_LINE] for at in range(0, len(whole), _BASE64_LINE)]
        yield from (b"\n".join(lines), b"\r\n".join(lines))


_URL_ALPHABET = bytes.maketrans(b"+/", b"-_")
