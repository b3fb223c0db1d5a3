"""Where things lie on a remote. Pure.

As in wf's own folder: ``objects/ab/cdef…`` are contents by their digest (of a link: what it leads
to), and ``runs/NAME/`` has a run's ``run.json``, ``manifest.json`` and ``manifest/N.jsonl``. What
is larger than a piece lies in pieces, ``cdef…-0``, ``cdef…-1`` and so on: put behind one another
they are the whole (``cat $(ls -v cdef…-*)``).
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PIECE = 8 << 20
"""The size of a piece in bytes. Part of the layout: pieces of another size would not fit."""

RUNS = "runs"
_DIGEST = re.compile(r"blake3:([0-9a-f]{2})([0-9a-f]{62})")
# no name of a run that wf gives has anything else in it
_RUN = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")


class Piece(NamedTuple):
    """``size`` bytes from ``start`` on, kept under ``name``."""

    name: str
    start: int
    size: int


class Names(NamedTuple):
    """What is kept of a run, and under which names."""

    run: str

    @property
    def folder(self) -> str:
        """Where all of it lies."""
        return f"{RUNS}/{self.run}"

    @property
    def document(self) -> str:
        """What the run was, as ``wf show --json`` says it."""
        return f"{self.folder}/run.json"

    @property
    def manifest(self) -> str:
        """Its artifacts. Written last: with it, all of the run is there."""
        return f"{self.folder}/manifest.json"

    @property
    def lists(self) -> str:
        """The folder of the lists of its artifacts' entries."""
        return f"{self.folder}/manifest"


def is_run(name: str) -> bool:
    """Whether a run can be called this."""
    return _RUN.fullmatch(name) is not None


def content(digest: str) -> tuple[str, str]:
    """The folder and the name of what has this digest.

    Raises:
        ValueError: it is none.
    """
    found = _DIGEST.fullmatch(digest)
    if found is None:
        raise ValueError(f"no digest: {digest!r}")
    return f"objects/{found[1]}", found[2]


def pieces(name: str, size: int, start: int = 0) -> Iterator[Piece]:
    """How so many bytes lie under a name, from ``start`` on, which is where a piece begins."""
    if size <= PIECE:
        yield Piece(name, 0, size)
        return
    for at in range(start, size, PIECE):
        yield Piece(f"{name}-{at // PIECE}", at, min(PIECE, size - at))


def size_of(name: str, files: Mapping[str, int]) -> int | None:
    """How many bytes lie under a name, in one piece or in several; ``None``: not all of them."""
    if name in files:
        return files[name]
    size = at = 0
    while f"{name}-{at}" in files:
        size += files[f"{name}-{at}"]
        at += 1
    whole = size > PIECE and all(files.get(p.name) == p.size for p in pieces(name, size))
    return size if whole else None
