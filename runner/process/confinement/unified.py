"""Memory held by a group of the v2 tree (the kernel's ``cgroup-v2.rst``, "Memory")."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.process.confinement import groups
from runner.process.confinement.interface import Look, MemoryUse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from runner.process.confinement.hierarchy import Hierarchy

NAME = "cgroup v2"
# between two looks at the peak, on a kernel that does not keep it (before 5.19)
_LOOK_AGAIN_SECONDS = 1.0
# groups that systemd manages: it may take a controller from what is below them at any time
_MANAGED = (".slice", ".service", ".scope")
_OWN = "wf"


class UnifiedMemory:
    """A group with a limit, nearest to where this process is; with root, at the top if need be."""

    name = NAME
    unified = True

    def __init__(
        self, limit: int, tree: Hierarchy, make: Callable[[Path], Path] = groups.make
    ) -> None:
        """Make it; ``make`` makes a group below another.

        Raises:
            OSError: there is no place for it.
        """
        self._limit = limit
        self._home = tree.own
        self._counters = Counters(limit)
        self.group: Path = make(_place(tree))
        try:
            groups.write(self.group / "memory.max", str(max(limit, groups.ROOM)))
            with suppress(FileNotFoundError):  # the kernel does not count what is swapped
                groups.write(self.group / "memory.swap.max", "0")
            with suppress(FileNotFoundError):  # before 4.19
                groups.write(self.group / "memory.oom.group", "1")
            with self.entered():
                pass  # the kernel says now whether it lets us
        except OSError:
            self.close()
            raise

    def command(self, argv: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """As it is."""
        return argv

    def entered(self) -> AbstractContextManager[None]:
        """We are in it meanwhile."""
        return groups.visit(self.group, self._home)

    def began(self, pid: int) -> None:  # noqa: ARG002 - the protocol's
        """We have left the group: from now on a limit that is too small for us is one for it."""
        if self._limit < groups.ROOM:
            groups.write(self.group / "memory.max", str(self._limit))

    def look(self, processes: Callable[[], set[int]]) -> Look:  # noqa: ARG002 - the protocol's
        """For the peak only; the kernel does the rest."""
        self._counters.read(self.group)
        return Look(_LOOK_AGAIN_SECONDS)

    def used(self) -> MemoryUse:
        """As the kernel counted."""
        return self._counters.read(self.group)

    def close(self) -> None:
        """Remove the group."""
        groups.take_away(self.group)


class Counters:
    """What the kernel counts for a group with a limit, kept when the group is gone."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._peak: int | None = None
        self._killed = 0

    def read(self, group: Path) -> MemoryUse:
        """What is known now."""
        peak = groups.number(group / "memory.peak")
        if peak is None:
            peak = groups.number(group / "memory.current")
        if peak is not None:
            self._peak = max(peak, self._peak or 0)
        with suppress(OSError):
            self._killed = groups.counter(group / "memory.events", "oom_kill")
        return MemoryUse(self._limit, self._peak, self._killed)


def _place(tree: Hierarchy) -> Path:
    """The nearest group that hands the memory controller down, and in which groups can be made.

    Raises:
        OSError: there is none.
    """
    for group in _upwards(tree):
        managed = group.name.endswith(_MANAGED) and group != tree.top
        handed = "memory" in _words(group / "cgroup.subtree_control")
        if handed and not managed and os.access(group, os.W_OK):
            return group
    # the top may hand on what it has although there are processes in it
    if "memory" not in _words(tree.top / "cgroup.controllers"):
        raise FileNotFoundError(errno.ENOENT, "no memory controller", str(tree.top))
    own = tree.top / _OWN
    for group in (tree.top, own):
        group.mkdir(exist_ok=True)
        if "memory" not in _words(group / "cgroup.subtree_control"):
            groups.write(group / "cgroup.subtree_control", "+memory")
    return own


def _upwards(tree: Hierarchy) -> Iterator[Path]:
    group = tree.own
    while group != tree.top:
        yield group
        group = group.parent


def _words(file: Path) -> list[str]:
    try:
        return file.read_text(encoding="ascii").split()
    except OSError:
        return []
