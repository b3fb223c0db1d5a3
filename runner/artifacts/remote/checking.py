"""What a remote says of a run, looked at before anything is done with it. Pure.

A remote can say what it likes. Everything here that becomes a path, a size or a mode is checked
for what it can be; contents are compared with their digests when they come.
"""

from __future__ import annotations

import json
import posixpath
import re
from typing import TYPE_CHECKING, Any

from runner.artifacts.manifest import Entry, stored

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

_LIST = re.compile(r"[0-9]{1,9}\.jsonl")
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")
_KINDS = ("file", "link", "directory")  # what JSON brings may have no hash
# a path has 4,095 bytes at most (limits.h), each of which JSON may need six letters for
_LONGEST_LINE = 64 * 1024
_LONGEST_PATH = 4095
_LONGEST_NAME = 255
# beyond what any file system holds
_LARGEST = 1 << 62
_MODES = 0o777


class Odd(ValueError):  # noqa: N818 - what is said of it follows
    """What is wrong with it, as a sentence goes on: "the manifest names …"."""


def manifest(content: bytes) -> dict[str, Any]:
    """The manifest of a run, with nothing in it that could not be there.

    Raises:
        Odd: it cannot be one.
    """
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        raise Odd("is no JSON, or was cut off") from None
    artifacts = found.get("artifacts") if isinstance(found, dict) else None
    if not isinstance(artifacts, list) or not all(isinstance(one, dict) for one in artifacts):
        raise Odd("has no list of artifacts")
    for one in artifacts:
        _artifact(one)
    return {"artifacts": artifacts}


def _artifact(one: Mapping[str, Any]) -> None:
    path(one.get("path"))
    if not all(_is_size(one.get(key)) for key in ("files", "bytes")):
        raise Odd("has a size that cannot be")
    digest = one.get("digest")
    if digest is not None:
        _digest(digest)
    listed = one.get("list")
    if listed is not None and not (isinstance(listed, str) and _LIST.fullmatch(listed)):
        raise Odd("names a list that cannot be")
    skipped = one.get("skipped", [])
    if not isinstance(skipped, list) or not all(isinstance(name, str) for name in skipped):
        raise Odd("has something odd for what was skipped")
    inline = one.get("entries", [])
    if not isinstance(inline, list):
        raise Odd("has something odd for entries")
    for found in inline:
        entry(found)


def entry(found: object) -> Entry:
    """One entry of a list.

    Raises:
        Odd: it cannot be one.
    """
    if not isinstance(found, dict) or not found.keys() <= set(Entry._fields):
        raise Odd("has an entry that is none")
    try:
        made = Entry(**found)
    except TypeError:
        raise Odd("has an entry that is none") from None
    path(made.path)
    _digest(made.digest)
    if found["kind"] not in _KINDS:
        raise Odd("has an entry of a kind that there is not")
    if not _is_size(made.bytes):
        raise Odd("has a size that cannot be")
    if made.mode is not None and not (_is_size(made.mode) and made.mode <= _MODES):
        raise Odd("has a mode that cannot be")
    time = made.modified
    if time is not None and not (_is_number(time) and abs(time) < _LARGEST):
        raise Odd("has a time that cannot be")
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


def path(found: object) -> str:
    """A path as a job can have had it: no way out of the folder that it is put below.

    Raises:
        Odd: it is none.
    """
    if not isinstance(found, str) or not found or "\0" in found:
        raise Odd("has a path that is none")
    try:
        whole = found.encode(errors="surrogateescape")
    except UnicodeEncodeError:
        raise Odd("has a path that is none") from None
    parts = found.removeprefix("/").split("/")
    if any(part in {"", ".", ".."} for part in parts):
        raise Odd(f"has a path that leads elsewhere: {found[:100]!r}")
    too_long = any(len(part) > _LONGEST_NAME for part in whole.split(b"/"))
    if too_long or len(whole) > _LONGEST_PATH:
        raise Odd("has a path that is too long")
    return found


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


def _digest(found: object) -> None:
    if not isinstance(found, str) or _DIGEST.fullmatch(found) is None:
        raise Odd("has a digest that is none")


def _is_number(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool)


def _is_size(found: object) -> bool:
    return isinstance(found, int) and not isinstance(found, bool) and 0 <= found < _LARGEST
