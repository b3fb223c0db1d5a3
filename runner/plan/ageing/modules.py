"""Which files of the project a script imports: where Python would look for them."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

MAX_MODULES = 32
"""How many of a script's own modules are looked at, at most."""


def candidates(script: str, imports: Iterable[str]) -> tuple[str, ...]:
    """The files that imports of ``script`` could mean, below the project folder.

    A script's own folder comes first on its path (docs.python.org, "sys.path"). Names are those of
    :attr:`~runner.plan.ageing.uses.Read.imports`; relative ones are the script's package's.
    """
    folder = posixpath.dirname(script)
    found: dict[str, None] = {}
    for name in imports:
        dots = len(name) - len(name.lstrip("."))
        base = posixpath.join(folder, *[".."] * max(dots - 1, 0))
        parts = [part for part in name.split(".") if part]
        for length in range(1, len(parts) + 1):
            stem = posixpath.normpath(posixpath.join(base, *parts[:length]))
            if not stem.startswith(".."):
                found[f"{stem}.py"] = None
                found[f"{stem}/__init__.py"] = None
    return tuple(found)


def top(script: str, path: str) -> str:
    """The top-level module that a file found by :func:`candidates` belongs to."""
    return (
        posixpath.relpath(path, posixpath.dirname(script) or ".").split("/")[0].removesuffix(".py")
    )
