"""The room that environments take on a disk, and what removing some of them would free.

uv links files from its own cache into every environment, so one file may stand in several places.
Its room is free again when the last of them is gone.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from runner.content import allocated

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path


class _Inode(NamedTuple):
    device: int
    number: int


@dataclass(slots=True)
class Room:
    """What some folders take: each file once, whatever number of names it has."""

    bytes: dict[_Inode, int] = field(default_factory=dict)
    names: Counter[_Inode] = field(default_factory=Counter)
    links: dict[_Inode, int] = field(default_factory=dict)

    def take_away(self, other: Room) -> None:
        """Count one of the folders no longer."""
        self.names.subtract(other.names)
        for inode in other.names:
            if self.names[inode] <= 0:
                self.bytes.pop(inode, None)

    def total(self) -> int:
        """The room taken, in bytes."""
        return sum(self.bytes.values())

    def own(self) -> int:
        """The part of it that is free again without these folders, in bytes."""
        return sum(
            size for inode, size in self.bytes.items() if self.names[inode] >= self.links[inode]
        )

    def elsewhere(self, left: Room) -> int:
        """The part that has further names outside, but none among what is ``left``, in bytes."""
        return sum(
            size
            for inode, size in self.bytes.items()
            if self.names[inode] < self.links[inode] and inode not in left.bytes
        )


def room(folder: Path) -> Room:
    """What a folder takes, without what cannot be looked at."""
    found = Room()
    left = [os.fspath(folder)]
    while left:
        try:
            entries = list(os.scandir(left.pop()))
        except OSError:
            continue
        for entry in entries:
            try:
                at = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if entry.is_dir(follow_symlinks=False):
                left.append(entry.path)
                links = 1
            else:
                links = at.st_nlink
            inode = _Inode(at.st_dev, at.st_ino)
            found.bytes[inode] = allocated(at)
            found.names[inode] += 1
            found.links[inode] = links
    return found


def together(rooms: Iterable[Room]) -> Room:
    """What several folders take between them."""
    sum_ = Room()
    for one in rooms:
        sum_.bytes.update(one.bytes)
        sum_.links.update(one.links)
        sum_.names.update(one.names)
    return sum_
