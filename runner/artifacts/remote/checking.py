"""What a remote says of a run, looked at before anything is done with it. Pure.

A remote can say what it likes. Everything here that becomes a path, a size or a mode is checked
for what it can be; contents are compared with their digests when they come.
"""

from __future__ import annotations

import json
import posixpath
from typing import TYPE_CHECKING, Any

from runner.artifacts import form
from runner.artifacts.entries import Entry, stored
from runner.artifacts.form import Odd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

# a path has 4,095 bytes at most (limits.h), each of which JSON may need six letters for
_LONGEST_LINE = 64 * 1024
_LONGEST_PATH = 4095
_LONGEST_NAME = 255


def manifest(content: bytes) -> dict[str, Any]:
    """The manifest of a run, with nothing in it that could not be there.

    Raises:
        Odd: it cannot be one.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Odd("is no JSON, or was cut off") from None
    for one in form.manifest(found):
        form.path(one["path"])
        _fits(one["path"])
        for inline in one.get("entries", []):
            entry(inline)
    return dict(found)


def entry(found: object) -> Entry:
    """One entry of a list.

    Raises:
        Odd: it cannot be one.
    """
    made = Entry(**form.entry(found))
    _fits(made.path)
    return made


def entries(chunks: Iterable[bytes]) -> Iterator[Entry]:
    """The entries of a list that comes in chunks.

    Raises:
        Odd: one cannot be one.
    """
    for line in _lines(chunks):
        try:
            found = json.loads(line)
        except (ValueError, RecursionError):
            raise Odd("has a line that is no JSON, or was cut off") from None
        yield entry(found)


def _lines(chunks: Iterable[bytes]) -> Iterator[bytes]:
    begun = b""
    for chunk in chunks:
        *lines, begun = (begun + chunk).split(b"\n")
        yield from lines
        if len(begun) > _LONGEST_LINE:
            raise Odd("has a line that is too long")
    if begun:
        yield begun


def _fits(found: str) -> None:
    """See that a file here can have such a path."""
    try:
        whole = found.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise Odd("has a path that is none") from None
    too_long = any(len(part) > _LONGEST_NAME for part in whole.split(b"/"))
    if too_long or len(whole) > _LONGEST_PATH:
        raise Odd("has a path that is too long")


class Tree:
    """What lies where, of all artifacts together: nothing lies below a file or a link."""

    def __init__(self) -> None:
        self._leaves: dict[str, tuple[str, str]] = {}
        self._folders: set[str] = set()

    def add(self, found: Entry) -> None:
        """One more; artifacts that lie within one another have entries in common.

        Raises:
            Odd: there is something else at this path, or on the way to it.
        """
        place = stored(found.path)
        if found.kind == "directory":
            self._above(place)
        else:
            content = (found.kind, found.digest)
            if self._leaves.setdefault(place, content) != content or place in self._folders:
                raise Odd(f"has two things at one path: {found.path[:100]!r}")
            self._above(posixpath.dirname(place))

    def _above(self, folder: str) -> None:
        while folder and folder not in self._folders:
            if folder in self._leaves:
                raise Odd(f"has two things at one path: {folder[:100]!r}")
            self._folders.add(folder)
            folder = posixpath.dirname(folder)
