"""Addresses of kept files as people type them: ``RUN``, ``:TAG``, ``last``, and ``RUN:PATH``."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from runner.paths import ABSOLUTE

if TYPE_CHECKING:
    from runner.records.contents import Contents
    from runner.records.store import Records

ADDRESS = "a run: a name, its first letters, `last` or `:TAG`; `RUN:PATH` is what it has there"
"""What an argument that takes one is, for ``--help``."""


class Address(NamedTuple):
    """A run, as it was typed, and a path among what it keeps; ``None`` is all of it."""

    run: str
    path: str | None = None


def address(written: str) -> Address:
    """Take an address apart: neither the name of a run nor a tag has a colon in it."""
    mark = ":" if written.startswith(":") else ""
    run, _, path = written[len(mark) :].partition(":")
    return Address(mark + run, kept_path(path))


def kept_path(written: str) -> str | None:
    """A path as an entry has it: without ``./``, doubled slashes and a slash at the end."""
    if not written:
        return None
    # two slashes in front mean something of their own to POSIX
    plain = posixpath.normpath(written.lstrip("/") if written.startswith("//") else written)
    if written.startswith("//"):
        plain = f"/{plain}"
    if plain == ".":
        return None
    return plain.removeprefix(ABSOLUTE) if plain.startswith(f"{ABSOLUTE}/") else plain


def contents_of(records: Records, run: str) -> Contents:
    """What the run keeps that ``run`` names.

    Raises:
        WfError: kind ``USAGE`` when there is no such run, ``STORAGE`` when its list is damaged.
    """
    from runner.records.contents import contents

    return contents(records.find(run))
