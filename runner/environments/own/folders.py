"""Folders made of links into other folders, which are never changed through them."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet
    from pathlib import Path


def lay_over(upper: Path, lower: Path) -> None:
    """Put links to all that ``upper`` holds into ``lower``; where both have a file, ``upper`` wins.

    Raises:
        OSError: a folder cannot be read or written.
    """
    with os.scandir(upper) as entries:
        found = list(entries)
    for entry in found:
        place = lower / entry.name
        if place.is_dir() and entry.is_dir():
            if place.is_symlink():
                _unfold(place)
            lay_over(upper / entry.name, place)
        else:
            if os.path.lexists(place):
                place.unlink()
            place.symlink_to(entry.path)


def _unfold(link: Path) -> None:
    """A link to a folder becomes a folder of links, so that more can be put there."""
    target = link.resolve()
    link.unlink()
    link.mkdir()
    lay_over(target, link)


def without(folder: Path, made: Path, left_out: AbstractSet[str], below: str = "") -> None:
    """Make a folder of links to all of another, but for some files in it.

    ``left_out`` are paths below the folder, with ``/``.

    Raises:
        OSError: a folder cannot be read or written.
    """
    made.mkdir()
    with os.scandir(folder) as entries:
        found = list(entries)
    for entry in found:
        path = f"{below}{entry.name}"
        if path in left_out:
            continue
        if entry.is_dir() and any(name.startswith(f"{path}/") for name in left_out):
            without(folder / entry.name, made / entry.name, left_out, f"{path}/")
            if not _says_anything(made / entry.name):
                _forget(made / entry.name)
        else:
            (made / entry.name).symlink_to(entry.path)


def _says_anything(folder: Path) -> bool:
    """Whether more is left than bytecode."""
    return any(name != "__pycache__" for name in os.listdir(folder))


def _forget(folder: Path) -> None:
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
