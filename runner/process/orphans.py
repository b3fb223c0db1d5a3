"""The processes of runs that nobody carries out any more: found, and ended.

Three signs tell whose a process is, and a job seldom loses all of them: it inherited the descriptor
that holds the run's lock; it is in a control group that the run's supervisor made; its variables
name the run and a file in the run's folder. A process that merely has the lock's file open holds
no lock through it, as the kernel tells (``/proc/PID/fdinfo``, proc(5)), and is a stranger.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.envvars import WF_NOTES, WF_RUN
from runner.process import tree
from runner.process.confinement import groups
from runner.process.confinement.hierarchy import hierarchies
from runner.process.confinement.tracking import Group
from runner.process.ending import Left
from runner.process.killing import kill

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path

    from runner.paths import RunPaths

Found = dict[str, set[int]]

# a process in the kernel's hands (a dead network disk) cannot be ended: it is not waited for
_PATIENCE_SECONDS = 10.0
_LOOK_AGAIN_SECONDS = (0.001, 0.05)
# a process may be forked while one looks, by one that has been looked at
_EMPTY_LOOKS = 2
_RUN = f"{WF_RUN}=".encode()
_NOTES = f"{WF_NOTES}=".encode()
_HELD = b"FLOCK  ADVISORY  WRITE"


class Dead(NamedTuple):
    """A run whose supervisor has ended; ``maker`` is the id that one had, if it is known."""

    paths: RunPaths
    maker: int | None

    @property
    def name(self) -> str:
        """The run's name."""
        return self.paths.root.name


def end(dead: Sequence[Dead]) -> dict[str, Left]:
    """End what lives of these runs, and take away their control groups.

    They must be runs of one state folder. Answers what was left of each. Runs that this very
    process belongs to are not in the answer, and nothing was done about them.
    """
    search = _Search(dead)
    found = search.look()
    own = {name for name, pids in found.items() if os.getpid() in pids}
    counted, living = _end_all(search, {run.name for run in dead} - own)
    search.take_groups_away(own)
    return {
        run.name: _left(counted.get(run.name, set()), living.get(run.name, set()))
        for run in dead
        if run.name not in own
    }


def _left(counted: set[int], living: set[int]) -> Left:
    return Left(len(counted - living), len(living))


def _end_all(search: _Search, names: set[str]) -> tuple[Found, Found]:
    """All that was found of the runs with these names, and what of it cannot be ended."""
    counted: Found = {}
    empty, began = 0, time.monotonic()
    pause, longest = _LOOK_AGAIN_SECONDS
    while True:
        living = _living(search.look(), names)
        for name, pids in living.items():
            counted.setdefault(name, set()).update(pids)
        if not living:
            empty += 1
            if empty == _EMPTY_LOOKS:
                return counted, living
            continue
        empty = 0
        sent = search.kill(living)
        if not sent or time.monotonic() - began > _PATIENCE_SECONDS:
            return counted, _living(search.look(), names)
        time.sleep(pause)
        pause = min(2 * pause, longest)


def _living(found: Found, names: set[str]) -> Found:
    living = {
        name: {pid for pid in pids if tree.alive(pid)}
        for name, pids in found.items()
        if name in names
    }
    return {name: pids for name, pids in living.items() if pids}


class _Search:
    """Looks for the processes of dead runs, all at once."""

    def __init__(self, dead: Sequence[Dead]) -> None:
        self._folders = {run.name: run.paths.root for run in dead}
        self._locks = {key: run.name for run in dead if (key := _key(run.paths.lock))}
        made = _groups(run.maker for run in dead if run.maker is not None)
        self._groups = {
            run.name: [Group(path) for path in made[run.maker]]
            for run in dead
            if run.maker is not None and run.maker in made
        }

    def look(self) -> Found:
        """The processes there are now, by the names of their runs; those that have ended too."""
        found: Found = {}
        for name, known in self._groups.items():
            for group in known:
                if members := group.processes():
                    found.setdefault(name, set()).update(members)
        for pid in _processes():
            for name in self._of(pid):
                found.setdefault(name, set()).add(pid)
        return found

    def kill(self, living: Mapping[str, set[int]]) -> bool:
        """Send all of them KILL; whether that could be sent to any."""
        for name in living:
            for group in self._groups.get(name, ()):
                group.kill()
        return kill(set().union(*living.values()), lambda: set().union(*self.look().values()))

    def take_groups_away(self, but: set[str]) -> None:
        """Remove the groups of all runs but those."""
        for name, known in self._groups.items():
            for group in known if name not in but else ():
                group.close()

    def _of(self, pid: int) -> set[str]:
        """The runs that a process says it belongs to, and those whose lock it holds."""
        return {*self._marked(pid), *self._holding(pid)}

    def _marked(self, pid: int) -> Iterator[str]:
        try:
            variables = tree.contents(f"/proc/{pid}/environ")
        except OSError:  # it has ended, or is another user's
            return
        if _RUN not in variables:
            return
        words = variables.split(b"\0")
        name = os.fsdecode(_value(words, _RUN))
        folder = self._folders.get(name)
        if folder is not None:
            noted = os.path.dirname(os.fsdecode(_value(words, _NOTES)))
            with suppress(OSError):
                if os.path.samefile(noted, folder):
                    yield name

    def _holding(self, pid: int) -> Iterator[str]:
        try:
            descriptors = os.listdir(f"/proc/{pid}/fd")
        except OSError:
            return
        for descriptor in descriptors:
            with suppress(OSError):
                file = f"/proc/{pid}/fd/{descriptor}"
                # the name first: nothing is asked of a file that lies on a dead network disk
                if not os.readlink(file).partition(" (")[0].endswith("/lock"):
                    continue
                name = self._locks.get(_key(file) or (0, 0))
                if name and _HELD in tree.contents(f"/proc/{pid}/fdinfo/{descriptor}"):
                    yield name


def _value(words: Sequence[bytes], start: bytes) -> bytes:
    return next((word[len(start) :] for word in words if word.startswith(start)), b"")


def _key(path: str | os.PathLike[str]) -> tuple[int, int] | None:
    """What names a file whatever it is called."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _processes() -> list[int]:
    try:
        return [int(name) for name in os.listdir("/proc") if name.isdecimal()]
    except OSError:  # no Linux
        return []


def _groups(makers: Iterable[int]) -> dict[int, list[Path]]:
    trees = hierarchies()
    tops = (found.top for found in (trees.unified, trees.memory) if found is not None)
    return groups.left_by(makers, tops)
