"""The end of a job: noticed, and made sure of for every process of it."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.process import tree
from runner.process.killing import hold, kill

if TYPE_CHECKING:
    import resource
    import subprocess

    from runner.process.confinement.tracking import Group
    from runner.process.tree import Tree

# a process that is just ending by itself is given that long before it counts as left
_MOMENT_SECONDS = 0.01
# a process in the kernel's hands (a dead network disk) cannot be ended: it is not waited for
_PATIENCE_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = (0.001, 0.05)


class Left(NamedTuple):
    """What was left of a job: so many processes, and so many that could not be ended either."""

    ended: int = 0
    stuck: int = 0


class _Seen(NamedTuple):
    """What a look found of a job: all of it, and those that have not ended."""

    found: set[int]
    living: set[int]


class EndWatch:
    """Notices the end of a job's first process and keeps what it used."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process
        self.pid = process.pid
        self.descriptor = hold(process.pid)
        self.code = 0
        self.cpu_seconds = 0.0
        self.peak_memory = 0

    def reached(self) -> bool:
        """Whether the process has ended; collects it then."""
        pid, status, usage = os.wait4(self._process.pid, os.WNOHANG)
        if pid == 0:
            return False
        self.code = os.waitstatus_to_exitcode(status)
        self._process.returncode = self.code
        self._add(usage)
        return True

    def collect(self, others: set[int]) -> set[int]:
        """Collect those of its processes that are our children by now, and have ended.

        The first one is left to :meth:`reached`. Answers with those that are of no interest any
        more: the first one, and those whose parents have collected them, or will.
        """
        gone = {self.pid} & others
        for pid in others - gone:
            try:
                found, _, usage = os.wait4(pid, os.WNOHANG)
            except ChildProcessError:
                gone.add(pid)
            else:
                if found:
                    self._add(usage)
        return gone

    def close(self) -> None:
        """Watch no more."""
        if self.descriptor is not None:
            os.close(self.descriptor)

    def _add(self, usage: resource.struct_rusage) -> None:
        self.cpu_seconds += usage.ru_utime + usage.ru_stime
        # getrusage(2): kilobytes on Linux, bytes on macOS
        peak = usage.ru_maxrss * (1024 if hasattr(os, "sched_getaffinity") else 1)
        self.peak_memory = max(self.peak_memory, peak)


class Remains:
    """Whatever lives of a job: found by its tree, and by its group where it has one."""

    def __init__(self, members: Tree, watch: EndWatch) -> None:
        self.group: Group | None = None
        self._tree = members
        self._watch = watch

    def processes(self) -> set[int]:
        """All of them now, also those that have ended and wait to be collected."""
        found = self._tree.processes()
        if self.group is not None:
            found |= self.group.processes()
        return found - {os.getpid()}  # never ourselves, wherever the kernel has put us

    def members(self) -> set[int]:
        """All of them now, told as cheaply as can be: by the group, which needs no search."""
        return self._tree.processes() if self.group is None else self.group.processes()

    def collect(self) -> None:
        """Collect orphans that have ended."""
        self._watch.collect(self._tree.orphans())

    def kill(self) -> None:
        """Send KILL to all of them, once."""
        self._kill(self._look().living)

    def end(self) -> Left:
        """End all of them, again and again until nothing is left.

        Nothing, that is, not even one that waits to be collected: it may have forked just before
        it ended, and its child may have come to us since our children were listed.
        """
        now = self._look()
        if now.living:
            time.sleep(_MOMENT_SECONDS)
            now = self._look()
        counted, began = now.living, time.monotonic()
        pause, longest = _LOOK_AGAIN_SECONDS
        while now.found and time.monotonic() - began < _PATIENCE_SECONDS:
            if not self._kill(now.living) and now.living:
                break  # another user's: a job that has used sudo
            if now.living:
                time.sleep(pause)
                pause = min(2 * pause, longest)
            now = self._look()
            counted = counted | now.living
        return Left(len(counted - now.living), len(now.living))

    def _look(self) -> _Seen:
        found = self.processes()
        living = {pid for pid in found if tree.alive(pid)}
        return _Seen(found - self._watch.collect(found - living), living)

    def _kill(self, pids: set[int]) -> bool:
        """Whether any of them could be sent it."""
        if self.group is not None:
            self.group.kill()
        sent = self._kill_groups()
        return kill(pids, self.processes) or sent

    def _kill_groups(self) -> bool:
        """End the process groups of our own children among them.

        The kernel does that to all of a group at once, and so to those that fork faster than
        anybody can look. As we have not collected the child, the group's number is no stranger's.
        """
        sent = False
        for pid in self._tree.orphans():
            known = tree.stat(pid)
            if known is not None:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(known.group, signal.SIGKILL)
                    sent = True
        return sent
