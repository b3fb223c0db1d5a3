"""Control groups that are folders of files, for controllers that this machine may not have."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.process.confinement.hierarchy import Hierarchy

if TYPE_CHECKING:
    from pathlib import Path

_FILES = {
    "cgroup.procs": "",
    "cgroup.controllers": "memory\n",
    "cgroup.subtree_control": "\n",
    "memory.max": "max\n",
    "memory.swap.max": "max\n",
    "memory.oom.group": "0\n",
    "memory.peak": "0\n",
    "memory.events": "low 0\nhigh 0\nmax 0\noom 0\noom_kill 0\noom_group_kill 0\n",
}


class FakeTree:
    """A v2 tree in which nothing is enforced: what was asked for can be read."""

    def __init__(self, root: Path) -> None:
        self.top = root
        self.made: list[Path] = []
        self.populate(root)
        self.populate(root / "wf")  # as an earlier run has left it

    def populate(self, group: Path, **files: str) -> Path:
        """A group with its files, some of them as wanted (``_`` for a dot)."""
        group.mkdir(parents=True, exist_ok=True)
        for name, text in _FILES.items():
            (group / name).write_text(files.get(name.replace(".", "_"), text))
        return group

    def make(self, parent: Path) -> Path:
        """What the kernel does when a group is made."""
        group = self.populate(parent / f"wf-1-{len(self.made)}")
        self.made.append(group)
        return group

    def at(self, group: Path) -> Hierarchy:
        """The tree as a process in ``group`` sees it."""
        return Hierarchy(self.top, group)

    @staticmethod
    def count(group: Path, *, peak: int, killed: int) -> None:
        """What the kernel has counted."""
        (group / "memory.peak").write_text(f"{peak}\n")
        (group / "memory.events").write_text(f"oom 1\noom_kill {killed}\n")
