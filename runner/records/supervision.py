"""Who carries a run out: a lock that lives as long as that process, and which one it is.

The job does not inherit this lock (it does the run's own, see ``folder.py``). So a run whose
supervisor is gone is told from one that is over, and a process id is never that of a stranger.
"""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from runner.process.boot import boot
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.paths import RunPaths

_LONGEST = 128


class Supervisor(NamedTuple):
    """The process that carries a run out, or did: its id, at which start of the machine."""

    pid: int
    boot: str

    @property
    def of_this_start(self) -> bool:
        """Whether the machine has not been started anew since, as far as that can be told."""
        return self.boot in {"", boot()}


def hold(paths: RunPaths) -> int:
    """This process carries the run out; the descriptor must be kept open until it has."""
    descriptor = os.open(paths.supervisor, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    write(descriptor)
    return descriptor


def write(descriptor: int) -> None:
    """This process is the one: it holds the lock, or was forked from one that held it."""
    os.ftruncate(descriptor, 0)
    os.pwrite(descriptor, f"{os.getpid()}\n{boot()}\n".encode(), 0)


def supervised(paths: RunPaths) -> bool:
    """Whether the process that carries the run out lives, be it stopped."""
    try:
        return folder.held(paths.supervisor)
    except FileNotFoundError:
        return folder.alive(paths)  # older versions had but one lock
    except OSError:
        return False


def supervisor(paths: RunPaths) -> int | None:
    """The id of the process that carries the run out; ``None`` when none does any more."""
    known = recorded(paths) if supervised(paths) else None
    return None if known is None else known.pid


def recorded(paths: RunPaths) -> Supervisor | None:
    """Who carries the run out, or did when it was not over; ``None`` where that is not known."""
    try:
        with paths.supervisor.open("rb") as file:
            pid, start, *_ = [*file.read(_LONGEST).decode("ascii").split("\n"), ""]
            return Supervisor(int(pid), start)
    except (OSError, ValueError):
        return None


def send(paths: RunPaths, number: int) -> bool:
    """Send a signal to who carries the run out; whether there was anybody."""
    with staying(paths) as pid:
        if pid is None:
            return False
        try:
            os.kill(pid, number)
        except ProcessLookupError:
            return False
        return True


@contextmanager
def staying(paths: RunPaths) -> Iterator[int | None]:
    """The id of the process that carries the run out; ``None`` when none does any more.

    Meanwhile it goes on with no other run, which what is done to it would be done to as well: see
    :func:`done_with`.
    """
    turn = _open(paths)
    if turn is None:
        yield None
        return
    try:
        fcntl.flock(turn, fcntl.LOCK_SH)
        yield supervisor(paths)
    finally:
        os.close(turn)


def done_with(paths: RunPaths) -> bool:
    """Whether nobody does anything any more to this process for a run that it has let go of.

    Signals that were sent before have arrived then. ``False`` if somebody may be about to.
    """
    turn = _open(paths)
    if turn is None:
        return False
    try:
        fcntl.flock(turn, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    finally:
        os.close(turn)
    return True


def _open(paths: RunPaths) -> int | None:
    try:
        return os.open(paths.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError:
        return None
