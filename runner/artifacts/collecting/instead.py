"""What to say of a declared path at which nothing is: what is there instead."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.artifacts.entries import stored
from runner.paths import ABSOLUTE

if TYPE_CHECKING:
    from collections.abc import Iterable

_SHOWN = 8
# of difflib's ratio: alike enough to be a misspelling
_CLOSE = 0.5


def instead(top: str, artifacts: str, path: str) -> str:
    """A few names of what lies where ``path`` would, close ones first; empty if nothing does.

    ``top`` is the folder that it is below of, also if it is absolute.
    What was moved among the artifacts counts as well: another path may have declared it.
    """
    names = path.split("/")
    for end in range(len(names) - 1, -1, -1):
        folder = "/".join(names[:end])
        if path.startswith("/") and not folder:
            break
        places = (os.path.join(top, folder.lstrip("/")), os.path.join(artifacts, stored(folder)))
        found = {name for place in places for name in _names(place)}
        found -= {names[end], f"{names[end]}/", f"{ABSOLUTE}/"}
        if found:
            shown = _close_first(names[end], found)
            there = ", ".join(shown[:_SHOWN]) + (", …" if len(shown) > _SHOWN else "")
            return f"in `{folder}` there is: {there}" if folder else f"there is: {there}"
    return ""


def _close_first(name: str, found: Iterable[str]) -> list[str]:
    from difflib import SequenceMatcher

    def distance(other: str) -> tuple[float, str]:
        alike = SequenceMatcher(None, name.lower(), other.rstrip("/").lower()).ratio()
        return (-alike if alike >= _CLOSE else 0.0, other)

    return sorted(found, key=distance)


def _names(folder: str) -> list[str]:
    """What is in a folder, less what is hidden; a slash stands behind folders.

    Folders with nothing in them do not count: wf may have made them for the job.
    """
    try:
        with os.scandir(folder) as entries:
            return [
                entry.name + ("/" if entry.is_dir(follow_symlinks=False) else "")
                for entry in entries
                if not (entry.name.startswith(".") or _is_empty(entry))
            ]
    except OSError:
        return []


def _is_empty(entry: os.DirEntry[str]) -> bool:
    if not entry.is_dir(follow_symlinks=False):
        return False
    with suppress(OSError), os.scandir(entry) as below:
        return next(below, None) is None
    return False
