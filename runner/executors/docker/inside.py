"""A container's processes, seen from outside: they are processes of this machine as well."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from runner.process import tree
from runner.process.confinement.hierarchy import hierarchies
from runner.process.usage import Meter, Reading


class Inside:
    """Those of one container.

    Nothing is known of them where the daemon has its containers elsewhere: in a virtual machine,
    or on another one.
    """

    def __init__(self, identity: str) -> None:
        """``identity`` is the container's whole id."""
        self._identity = identity.encode()
        self._first = 0
        self._since = 0
        self._meter = Meter(self.processes, ours=False)
        self._last: Reading | None = None
        self._group: Path | None = None
        self.peak = 0
        """The most memory that was seen in use by all of them, in bytes."""

    def began(self, pid: int) -> None:
        """The daemon says which one is its first process."""
        known = tree.stat(pid) if pid else None
        if known is not None and self._ours(pid):
            self._first, self._since = pid, known.started

    @property
    def lives(self) -> bool:
        """Whether its first process does, as far as that can be seen."""
        known = tree.stat(self._first) if self._first else None
        return known is not None and known.started == self._since and known.alive

    def processes(self) -> set[int]:
        """All of them now."""
        return {self._first, *tree.below(self._first)} if self.lives else set()

    def used(self) -> Reading | None:
        """What they use now, or used when they were last seen."""
        found = self._meter.read()
        if found is not None:
            self._last = found
            self.peak = max(self.peak, found.memory)
        return found

    @property
    def group(self) -> Path | None:
        """A control group that all of them are in, where one of its name can be seen."""
        if self._group is None and self.lives:
            trees = hierarchies(of=Path(f"/proc/{self._first}"))
            own = [tree.own for tree in (trees.unified, trees.memory, trees.cpu) if tree]
            # those inside may have made further ones, below it
            above = (group for one in own for group in (one, *one.parents))
            named = self._identity.decode()
            self._group = next((group for group in above if named in group.name), None)
        return self._group

    @property
    def cpu_seconds(self) -> float:
        """The processor time they had when they were last seen."""
        return 0.0 if self._last is None else self._last.cpu_seconds

    def send(self, number: int) -> bool:
        """Send the first one a signal without the daemon; whether that could be done."""
        if not self.lives:
            return False
        with suppress(ProcessLookupError, PermissionError):
            os.kill(self._first, number)
            return True
        return False

    def _ours(self, pid: int) -> bool:
        """The daemon may count in another namespace: then the id is that of a stranger here."""
        for file in ("cgroup", "mountinfo"):
            with suppress(OSError):
                if self._identity in tree.contents(f"/proc/{pid}/{file}"):
                    return True
        return False
