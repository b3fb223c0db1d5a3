"""What the processes of a job use of the machine: read from their own files in ``/proc``."""

from __future__ import annotations

import os
import resource
from typing import TYPE_CHECKING, NamedTuple

from runner.process.memory import Unshared
from runner.process.tree import Stat, contents, stat

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

# the one above all processes of the job, which waits for those that lost their parent
_US = 0
_NONE = Stat("R", _US, 0, 0)


class Reading(NamedTuple):
    """What all processes of a job use together.

    ``cpu_seconds`` is the processor time since the job began, that of processes which have ended
    among it; it never falls. ``memory`` is in bytes: what each process has resident for itself, and
    the largest part that one of them may share with others.
    """

    cpu_seconds: float
    memory: int


class Meter:
    """Reads what the processes of one job use, again and again."""

    def __init__(self, processes: Callable[[], Collection[int]], *, ours: bool = True) -> None:
        """``processes`` tells which they are now; ``ours``: we wait for those that lose theirs."""
        self._processes = processes
        self._waited = _waited if ours else int
        self._cpu = CpuTime(self._waited())
        self._memory = Unshared()
        self._tick = 1 / os.sysconf("SC_CLK_TCK")
        self._page = os.sysconf("SC_PAGE_SIZE")

    def read(self) -> Reading | None:
        """What they use now; ``None`` where nothing is known of any.

        Opens two files for each of them, and now and then a third one for one of them.
        """
        found: dict[int, Stat] = {}
        own: dict[int, int] = {}
        shared = 0
        # parents first: one that has ended in between is then missed, and not counted twice
        for pid in sorted(self._processes()):
            known = stat(pid)
            if known is None:
                continue
            found[pid] = known
            resident, common = self._resident(pid)
            own[pid] = resident - common
            shared = max(shared, common)
        if not found:
            return None
        cpu_seconds = self._cpu.look(found, self._waited()) * self._tick
        return Reading(cpu_seconds, self._memory.look(found, own) + shared)

    def ended(self) -> float:
        """The processor time of them all, in seconds, when the last one has been waited for."""
        return self._cpu.look({}, self._waited()) * self._tick

    def _resident(self, pid: int) -> tuple[int, int]:
        """What is resident, and what of it is of files and shared memory (proc(5), ``statm``)."""
        try:
            fields = contents(f"/proc/{pid}/statm").split()
            return int(fields[1]) * self._page, int(fields[2]) * self._page
        except (OSError, IndexError):
            return 0, 0


class CpuTime:
    """The processor time of a tree of processes, those that have ended included. Pure.

    A process's time passes to its parent when that one waits for it (wait(2)), and is lost if it
    never does. What was seen of a process before it ended is therefore kept, and taken off what its
    parent gains by waiting for it.
    """

    def __init__(self, waited: int = 0) -> None:
        """``waited`` is what we had waited for before; in clock ticks, as all times here."""
        self._total = 0
        self._seen: dict[int, Stat] = {}
        self._owed: dict[int, int] = {}
        self._waited = waited

    def look(self, found: Mapping[int, Stat], waited: int) -> int:
        """The time so far: ``found`` are the processes there are, ``waited`` what we waited for.

        A process must have been looked at before those that it started.
        """
        self._settle(found)
        for pid, known in found.items():
            before = self._before(pid, known)
            self._total += known.worked - before.worked
            self._gain(pid, known.waited - before.waited)
        self._gain(_US, waited - self._waited)
        self._seen, self._waited = dict(found), waited
        return self._total

    def _before(self, pid: int, known: Stat) -> Stat:
        before = self._seen.get(pid)
        return before if before is not None and before.started == known.started else _NONE

    def _settle(self, found: Mapping[int, Stat]) -> None:
        """What was seen of those that have ended comes to whoever waits for them."""
        for pid, seen in self._seen.items():
            now = found.get(pid)
            if now is not None and now.started == seen.started:
                continue
            heir = self._heir(seen.parent, found)
            owed = seen.worked + seen.waited + self._owed.pop(pid, 0)
            self._owed[heir] = self._owed.get(heir, 0) + owed

    def _heir(self, pid: int, found: Mapping[int, Stat]) -> int:
        """The nearest one above that goes on."""
        while pid in self._seen:
            now = found.get(pid)
            if now is not None and now.started == self._seen[pid].started:
                return pid
            pid = self._seen[pid].parent
        return _US

    def _gain(self, pid: int, waited: int) -> None:
        owed = self._owed.pop(pid, 0)
        self._total += max(0, waited - owed)
        if owed > waited:
            self._owed[pid] = owed - waited


def _waited() -> int:
    """What this process has waited for, in clock ticks."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return round((used.ru_utime + used.ru_stime) * os.sysconf("SC_CLK_TCK"))
