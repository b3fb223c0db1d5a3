"""A group of the v2 tree without any limit: it knows every process of a job, and ends all at once.

It works without a single controller, and so on machines too where limits are v1's.
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from runner.process import tree
from runner.process.confinement import groups
from runner.process.confinement.hierarchy import hierarchies

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.process.confinement.hierarchy import Hierarchies

# between two looks a job can fork
_TRIES = 20


class Group:
    """A group that holds all processes of a job."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def processes(self) -> set[int]:
        """Who is in it now."""
        return groups.processes(self.path)

    def kill(self) -> bool:
        """End all of them, also those that are being forked; whether the kernel can (5.14)."""
        try:
            groups.write(self.path / "cgroup.kill", "1")
        except OSError:
            return False
        return True

    def close(self) -> None:
        """Remove it, unless somebody is in it."""
        groups.take_away(self.path)


def gather(
    processes: Callable[[], set[int]], look: Callable[[], Hierarchies] = hierarchies
) -> Group | None:
    """A new group with all these in it; ``None`` where there can be none.

    Below the one that this process is in: what holds us holds the job. The first move of a process
    into another group takes the kernel up to 25 ms; a short job is better left alone.
    """
    unified = look().unified
    if unified is None:
        return None
    try:
        group = Group(groups.make(unified.own))
    except OSError:
        return None
    try:
        for _ in range(_TRIES):
            outside = {pid for pid in processes() - group.processes() if tree.alive(pid)}
            if not outside:
                return group
            for pid in outside:
                with suppress(ProcessLookupError):
                    groups.move(pid, group.path)
    except OSError:
        pass
    for pid in group.processes():
        with suppress(OSError):
            groups.move(pid, unified.own)
    group.close()
    return None
