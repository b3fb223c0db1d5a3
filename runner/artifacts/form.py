"""What a manifest and its lists can say, looked at before anything is done with it. Pure.

A disk forgets, people edit, and a remote can say what it likes. What is wrong is a sentence that
goes on: "the manifest has …".
"""

from __future__ import annotations

import re
from typing import Any

_LIST = re.compile(r"[0-9]{1,9}\.jsonl")
_DIGEST = re.compile(r"blake3:[0-9a-f]{64}")
_KINDS = ("file", "link", "directory")  # what JSON brings may have no hash
_REQUIRED = frozenset({"path", "kind", "bytes", "digest"})
_KEYS = _REQUIRED | {"mode", "modified"}
_NOWHERE = frozenset({"", ".", ".."})
# beyond what any file system holds
_LARGEST = 1 << 62
# ns; the year 20,000
_LATEST = 1 << 69
_MODES = 0o777


class Odd(ValueError):  # noqa: N818 - what is said of it follows
    """What is wrong with it, as a sentence goes on: "the manifest names …"."""


def manifest(found: object) -> list[dict[str, Any]]:
    """The artifacts of a manifest.

    Raises:
        Odd: it cannot be one.
    """
    artifacts = found.get("artifacts") if isinstance(found, dict) else None
    if not isinstance(artifacts, list) or not all(isinstance(one, dict) for one in artifacts):
        raise Odd("has no list of artifacts")
    for one in artifacts:
        _artifact(one)
    return artifacts


def _artifact(one: dict[str, Any]) -> None:
    named = one.get("path")
    if not isinstance(named, str) or not named:
        raise Odd("has a path that is none")
    if not all(_is_size(one.get(key)) for key in ("files", "bytes")):
        raise Odd("has a size that cannot be")
    for key in ("digest", "list_digest"):
        if one.get(key) is not None:
            _digest(one[key])
    listed = one.get("list")
    if listed is not None and not (isinstance(listed, str) and _LIST.fullmatch(listed)):
        raise Odd("names a list that cannot be")
    skipped = one.get("skipped", [])
    if not isinstance(skipped, list) or not all(isinstance(name, str) for name in skipped):
        raise Odd("has something odd for what was skipped")
    if not isinstance(one.get("entries", []), list):
        raise Odd("has something odd for entries")


def entry(found: object) -> dict[str, Any]:
    """One entry of a list.

    Raises:
        Odd: it cannot be one.
    """
    if not isinstance(found, dict) or not _REQUIRED <= found.keys() <= _KEYS:
        raise Odd("has an entry that is none")
    path(found["path"])
    _digest(found["digest"])
    if found["kind"] not in _KINDS:
        raise Odd("has an entry of a kind that there is not")
    if not _is_size(found["bytes"]):
        raise Odd("has a size that cannot be")
    mode, time = found.get("mode"), found.get("modified")
    if mode is not None and not (_is_size(mode) and mode <= _MODES):
        raise Odd("has a mode that cannot be")
    if time is not None and not (type(time) is int and abs(time) < _LATEST):
        raise Odd("has a time that cannot be")
    return found


def path(found: object) -> None:
    """A path as a job can have had it: no way out of the folder that it is put below.

    Raises:
        Odd: it is none.
    """
    if not isinstance(found, str) or not found or "\0" in found:
        raise Odd("has a path that is none")
    if not _NOWHERE.isdisjoint(found.removeprefix("/").split("/")):
        raise Odd(f"has a path that leads elsewhere: {found[:100]!r}")


def _digest(found: object) -> None:
    if not isinstance(found, str) or _DIGEST.fullmatch(found) is None:
        raise Odd("has a digest that is none")


def _is_size(found: object) -> bool:
    return type(found) is int and 0 <= found < _LARGEST  # a bool is an int, too
