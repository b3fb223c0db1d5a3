"""The processes of a job: its first one, all below it, and what was orphaned to us.

A process whose parent has ended is handed to the nearest *subreaper* above it (prctl(2)), which
this process is while its job runs. So nothing leaves the tree, whatever it does: neither a session
of its own nor a second fork.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

# Linux 3.5 and later
_LAYOUT = 45
# a list of children may be longer than what one read gives
_CHUNK = 1 << 16


class Stat(NamedTuple):
    """What ``/proc/PID/stat`` says of a process (proc(5)).

    ``state`` is a letter: ``Z`` and ``X`` have ended. ``started`` is in clock ticks since the
    machine was started: with the id, it names a process for good. ``worked`` is the processor time
    it has had itself, ``waited`` that of those it has waited for, with theirs; in clock ticks.
    ``layout`` is where its arguments lie: at random, but a forked process has them where the one
    has that it was forked from, until it executes a program; 0 where that is not told.
    """

    state: str
    parent: int
    session: int
    started: int
    worked: int = 0
    waited: int = 0
    layout: int = 0
    group: int = 0

    @property
    def alive(self) -> bool:
        """Whether it has not ended; one that has may still wait to be collected."""
        return self.state not in {"Z", "X"}


def contents(path: str) -> bytes:
    """A whole file of ``/proc``; without the cost of a buffered one."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        said = b""
        while chunk := os.read(descriptor, _CHUNK):
            said += chunk
        return said
    finally:
        os.close(descriptor)


def stat(pid: int) -> Stat | None:
    """What is known of a process; ``None`` when it is gone."""
    try:
        said = contents(f"/proc/{pid}/stat")
    except OSError:
        return None
    # the name, in parentheses, may hold anything
    fields = said.rpartition(b")")[2].split()
    try:
        return Stat(
            state=fields[0].decode(),
            parent=int(fields[1]),
            group=int(fields[2]),
            session=int(fields[3]),
            started=int(fields[19]),
            worked=int(fields[11]) + int(fields[12]),
            waited=int(fields[13]) + int(fields[14]),
            layout=int(fields[_LAYOUT]) if len(fields) > _LAYOUT else 0,
        )
    except IndexError:
        return None


def alive(pid: int) -> bool:
    """Whether a process is there and has not ended."""
    known = stat(pid)
    return known is not None and known.alive


class Tree:
    """The processes of one job, which must have been started in a session of its own.

    Not its: what this process had started before, and what it starts meanwhile in its own session.
    A process of the job can never come back into that.
    """

    def __init__(self, first: int, before: frozenset[int] = frozenset()) -> None:
        """``before`` are children of this process from before the job was started."""
        self._first = first
        self._before = before
        self._session = os.getsid(0)

    def processes(self) -> set[int]:
        """Those that are there now, those among them that wait to be collected.

        Costs some microseconds for each of their threads. A job that forks all the while may have
        more by the time this returns. Empty where there is no ``/proc``.
        """
        listed = _children()
        return _with_all_below(self._own(listed(os.getpid())), listed)

    def orphans(self) -> set[int]:
        """Those whose parents have ended: they are children of this process now."""
        return self._own(_children()(os.getpid())) - {self._first}

    def _own(self, children: Iterable[int]) -> set[int]:
        """Those of our children that are the job's."""
        found = set()
        for pid in children:
            if pid == self._first:
                found.add(pid)
            elif pid not in self._before:
                known = stat(pid)
                if known is not None and known.session != self._session:
                    found.add(pid)
        return found


def below(pid: int) -> set[int]:
    """All that a process has started, and what those have; not itself."""
    listed = _children()
    return _with_all_below(set(listed(pid)), listed)


def own_children() -> frozenset[int]:
    """The children that this process has now."""
    return frozenset(_children()(os.getpid()))


def _with_all_below(found: set[int], listed: Callable[[int], Iterable[int]]) -> set[int]:
    left = list(found)
    while left:
        new = set(listed(left.pop())) - found
        found |= new
        left += new
    return found


def _children() -> Callable[[int], Iterable[int]]:
    """What tells a process's children: the kernel's lists, or all of ``/proc`` read now."""
    if os.path.exists(f"/proc/self/task/{os.getpid()}/children"):
        return _listed
    parents = _parents()
    return lambda pid: parents.get(pid, ())


def _listed(pid: int) -> list[int]:
    """The children of all threads of a process; none when it is gone."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
    except OSError:
        return []
    found: list[int] = []
    for thread in threads:
        with suppress(OSError):  # it has ended meanwhile
            found += map(int, contents(f"/proc/{pid}/task/{thread}/children").split())
    return found


def _parents() -> dict[int, list[int]]:
    """The children of every process of the machine.

    For a kernel that was built without their lists (CONFIG_PROC_CHILDREN).
    """
    found: dict[int, list[int]] = {}
    try:
        names = os.listdir("/proc")
    except OSError:  # no Linux
        return found
    for name in names:
        if name.isdigit() and (known := stat(int(name))) is not None:
            found.setdefault(known.parent, []).append(int(name))
    return found
