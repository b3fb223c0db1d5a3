"""A kept file, link or folder, and the line that a list has of it."""

from __future__ import annotations

import json
from json.encoder import encode_basestring_ascii
from typing import TYPE_CHECKING, Literal, NamedTuple

from runner.artifacts import form
from runner.artifacts.form import Odd
from runner.paths import ABSOLUTE

if TYPE_CHECKING:
    from collections.abc import Sequence

Kind = Literal["file", "link", "directory"]
PREFIX = "blake3:"
"""What a digest begins with."""
OPEN = 0o055
"""What others may do in a folder that is listed only if it is empty."""


class Entry(NamedTuple):
    """A kept file (or link, or folder); ``path`` starts with the artifact's own path.

    Folders are there for what is in them, and listed when that is nothing, or when they are not
    open to everybody (:func:`is_closed`).

    It is the path that the job had it at, an absolute one included; :func:`stored` is where it is
    kept. ``mode`` are its permissions (``stat.S_IMODE``, without set-id and sticky bits) and
    ``modified`` the time it was changed (ns since the epoch), both as the job left them; ``None``
    where an older version did not write them down.
    """

    path: str
    kind: Kind
    bytes: int
    digest: str
    mode: int | None = None
    modified: int | None = None


def is_closed(mode: int) -> bool:
    """Whether a folder lets fewer people in than folders do unless somebody wants it otherwise."""
    return mode & OPEN != OPEN


def stored(path: str) -> str:
    """Where an entry lies, below the folder of a run's artifacts."""
    return f"{ABSOLUTE}{path}" if path.startswith("/") else path


class Lines(NamedTuple):
    """Some entries as they stand in a list, and what an artifact's digest has of them.

    ``files`` counts links as well, ``entries`` everything.
    """

    lines: bytes
    said: bytes
    entries: int
    files: int
    bytes: int


def said(entry: Entry) -> bytes:
    """What an artifact's digest has of an entry."""
    return f"{entry.kind}\0{entry.digest}\0{entry.path}".encode(errors="surrogateescape")


def line(entry: Entry) -> bytes:
    """An entry as it stands in a list: a line of JSON; by hand, as there are many."""
    path, kind, size, digest, mode, modified = entry
    return (
        f'{{"path":{encode_basestring_ascii(path)},"kind":"{kind}","bytes":{size},'
        f'"digest":{encode_basestring_ascii(digest)},"mode":{"null" if mode is None else mode},'
        f'"modified":{"null" if modified is None else modified}}}\n'
    ).encode()


def lines_of(entries: Sequence[Entry]) -> Lines:
    """Several entries, ready to be listed."""
    return Lines(
        b"".join([line(entry) for entry in entries]),
        b"".join([said(entry) for entry in entries]),
        len(entries),
        sum([entry.kind != "directory" for entry in entries]),
        sum([entry.bytes for entry in entries]),
    )


def parsed(text: bytes) -> Entry:
    """An entry from its line.

    Raises:
        Odd: it cannot be one.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise Odd("has a line that is no JSON, or was cut off") from None
    return Entry(**form.entry(found))
