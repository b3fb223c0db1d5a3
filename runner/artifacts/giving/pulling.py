"""What a pull would write into a folder of its user's, and what is in its way there.

Nothing of the user's is written over: a file that is there with other content is a conflict. One
with the same content is not written again, so that a pull that was interrupted is finished by
another one.
"""

from __future__ import annotations

import os
import stat
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.entries import stored
from runner.artifacts.folders import Folders, parent
from runner.artifacts.giving.standing import standing

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from runner.artifacts.entries import Entry


class Conflict(NamedTuple):
    """Something that is in the way, by its path below the folder.

    ``wanted`` is what belongs there. A folder stays, whatever its user says: nobody can mean all
    that is in it.
    """

    path: str
    there: str
    wanted: str

    @property
    def stays(self) -> bool:
        """Whether it is never replaced."""
        return self.there == "a folder"

    def __str__(self) -> str:
        if self.there == self.wanted == "a file":
            return f"{self.path} is there with other content"
        return f"{self.path} is {self.there}, and {self.wanted} belongs there"


class Pull(NamedTuple):
    """What is to be written, how many files are there already, and what is in the way."""

    wanted: list[Entry]
    same: int
    conflicts: list[Conflict]


def compare(target: Path, entries: Iterable[Entry], progress: Callable[[int, int], None]) -> Pull:
    """Look at what is in a folder, which need not be there.

    ``progress`` is told files and bytes that were looked at so far.

    Raises:
        OSError: something cannot be looked at.
    """
    if not os.path.lexists(target):
        return Pull(list(entries), 0, [])
    wanted: list[Entry] = []
    conflicts: dict[str, Conflict] = {}
    same = 0
    for entry, found in standing(entries, target, progress):
        if found == "same":
            same += entry.kind != "directory"
            continue
        wanted.append(entry)
        if found == "taken":
            conflict = _conflict(target, entry)
            conflicts.setdefault(conflict.path, conflict)
    return Pull(wanted, same, list(conflicts.values()))


def make_way(target: Path, conflicts: Iterable[Conflict]) -> None:
    """Remove what stands where folders belong; files are replaced by those that come.

    Raises:
        OSError: it cannot be removed.
    """
    blocking = [one for one in conflicts if one.wanted == "a folder"]
    if not blocking:
        return
    with Folders(target) as folders:
        for conflict in blocking:
            above, name = parent(conflict.path)
            os.unlink(name, dir_fd=folders.at(above))


def _conflict(target: Path, entry: Entry) -> Conflict:
    """What is in the way of an entry: on the way there, or at its place."""
    path = stored(entry.path)
    parts = path.split("/")
    for at in range(1, len(parts)):
        above = "/".join(parts[:at])
        there = _kind(os.path.join(target, above))
        if there != "a folder":
            return Conflict(above, there, "a folder")
    wanted = {"file": "a file", "link": "a link", "directory": "a folder"}[entry.kind]
    return Conflict(path, _kind(os.path.join(target, path)), wanted)


def _kind(path: str) -> str:
    """What is there, for people."""
    found = stat.S_IFMT(os.lstat(path).st_mode)
    kinds = {stat.S_IFLNK: "a link", stat.S_IFREG: "a file", stat.S_IFDIR: "a folder"}
    return kinds.get(found, "a device, a socket or a pipe")
