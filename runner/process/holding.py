"""What holds a job together: orphans come to us, a group knows all, a limit bounds its memory."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.process.ending import Left, Remains
from runner.process.subreaper import adopt
from runner.process.tree import Tree, own_children

if TYPE_CHECKING:
    from pathlib import Path

    from runner.process.confinement.interface import Confinement, MemoryUse
    from runner.process.ending import EndWatch
    from runner.process.values import JobCommand

_FIRST_LOOK_SECONDS = 0.05


class Held(NamedTuple):
    """What holds a running job, in the words of its record.

    ``memory``: what keeps it within its memory, ``None`` if nothing does. ``processes``: what
    finds all its processes, ``None`` where those that leave its session get lost. ``group`` is a
    control group that all of them are in. ``keeper`` is what keeps its lease besides, as
    :meth:`runner.allocation.interface.Leases.keep` has it. ``cpus`` and ``gpus``: what keeps it to
    those that it was granted, where that is not up to its processes.
    """

    memory: str | None = None
    processes: str | None = None
    group: Path | None = None
    keeper: str | None = None
    cpus: str | None = None
    gpus: str | None = None


class Hold:
    """All that holds one job, from before its start until nothing of it is left."""

    remains: Remains

    def __init__(self, command: JobCommand, confinement: Confinement | None = None) -> None:
        """Make it ready for the start."""
        self.confinement = confinement or _confinement(command)
        self.next_look = float("inf")
        self._before = own_children()
        self._adopts = adopt(orphans=True)
        self._pid = 0
        self._gathered = self.confinement is not None and self.confinement.unified

    def began(self, watch: EndWatch) -> None:
        """The job's first process has been started."""
        self._pid = watch.pid
        self.remains = Remains(Tree(watch.pid, self._before), watch)
        self._know_group()
        if self.confinement is not None:
            self.confinement.began(watch.pid)
            self.next_look = time.monotonic() + _FIRST_LOOK_SECONDS

    @property
    def held(self) -> Held:
        """What holds it now."""
        memory = self.confinement.name if self.confinement is not None else None
        if self.remains.group is not None:
            return Held(memory, "cgroup", self.remains.group.path)
        return Held(memory, "subreaper" if self._adopts else None)

    def look(self) -> None:
        """Where somebody must look at its memory and it is time: end it if it has too much."""
        if self.confinement is None or time.monotonic() < self.next_look:
            return
        found = self.confinement.look(self.remains.processes)
        self.next_look = time.monotonic() + found.again
        if found.over:
            self.remains.kill()

    def keep_together(self) -> None:
        """Collect what has ended, and have a group for all the others, where there can be one."""
        self.remains.collect()
        self._know_group()
        if not self._gathered:
            from runner.process.confinement.tracking import gather

            self._gathered = True
            self.remains.group = gather(self.remains.processes)

    def end(self) -> Left:
        """End what is left of it."""
        left = self.remains.end()
        if not self._adopts:  # where processes get lost, those of its first group can be ended
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self._pid, signal.SIGKILL)
                return Left(max(1, left.ended), left.stuck)
        return left

    def memory(self) -> MemoryUse | None:
        """What it used of its limit, if it has one."""
        return self.confinement.used() if self.confinement is not None else None

    def let_go(self) -> None:
        """Take away all that was made for it."""
        if self._adopts:
            adopt(orphans=False)
        if self.confinement is not None:
            self.confinement.close()
        if self._pid and self.remains.group is not None:
            self.remains.group.close()

    def _know_group(self) -> None:
        """What holds it to its memory may have a group of all its processes."""
        if self.confinement is not None and self.confinement.group is not None:
            from runner.process.confinement.tracking import Group

            self.remains.group = Group(self.confinement.group)


def _confinement(command: JobCommand) -> Confinement | None:
    if command.memory is None:
        return None
    from runner.process.confinement.choose import confine

    return confine(command.memory, command.env)
