"""Where a path leads among kept files, some of which are links. Pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

# as many as Linux follows (path_resolution(7))
_MOST = 40


def followed(path: str, links: Mapping[str, str]) -> str | None:
    """The path without links, given where each of them leads.

    ``None`` where it leaves what is kept, or never ends.
    """
    for _ in range(_MOST):
        link = _first(path, links)
        if link is None:
            return path
        target = posixpath.join(posixpath.dirname(link), links[link])
        path = posixpath.normpath(target + path[len(link) :])
        if path.split("/", 1)[0] in {"..", "."}:
            return None
    return None


def _first(path: str, links: Mapping[str, str]) -> str | None:
    """The first link on the way."""
    at = path.find("/", 1)
    while at > 0:
        if path[:at] in links:
            return path[:at]
        at = path.find("/", at + 1)
    return path if path in links else None
