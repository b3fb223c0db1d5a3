"""Who carries several runs out, one after another or at once: a lock that lives as long as that.

The lock belongs to that process alone (fcntl(2), "Advisory record locking"): those that it forks
for its runs do not inherit it, unlike the lock on the folder that its file lies in.
"""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING, NamedTuple

from runner.process.boot import boot

if TYPE_CHECKING:
    from pathlib import Path

_NAME = "carrier"
_LONGEST = 512


class Carrier(NamedTuple):
    """A process that carries several runs out: its id, what was typed, and its lock's file."""

    pid: int
    command: str
    lock: Path

    @property
    def lives(self) -> bool:
        """Whether it goes on, be it stopped."""
        return _held(self.lock)

    def send(self, number: int) -> bool:
        """Send it a signal; whether it was there.

        Raises:
            PermissionError: it belongs to another user.
        """
        if not self.lives:
            return False
        try:
            os.kill(self.pid, number)
        except ProcessLookupError:
            return False
        return True


def hold(folder: Path, command: str) -> int:
    """This process carries out what was typed; the descriptor must stay open until it has.

    Raises:
        OSError: the file cannot be written.
    """
    flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC
    descriptor = os.open(folder / _NAME, flags, 0o600)
    fcntl.lockf(descriptor, fcntl.LOCK_EX)
    os.pwrite(descriptor, f"{os.getpid()}\n{boot()}\n{command}\n".encode(), 0)
    return descriptor


def living(submissions: Path) -> list[Carrier]:
    """All that go on."""
    try:
        names = sorted(os.listdir(submissions))
    except OSError:  # there is none, most likely
        return []
    known = (_read(submissions / name / _NAME) for name in names)
    return [carrier for carrier in known if carrier is not None and carrier.lives]


def _read(lock: Path) -> Carrier | None:
    try:
        with lock.open("rb") as file:
            said = file.read(_LONGEST).decode(errors="replace")
            pid, start, command = [*said.split("\n"), "", ""][:3]
            return Carrier(int(pid), command, lock) if start in {"", boot()} else None
    except (OSError, ValueError):
        return None


def _held(lock: Path) -> bool:
    try:
        descriptor = os.open(lock, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        # shared: two who look at once must not take each other for the carrier
        fcntl.lockf(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except (BlockingIOError, PermissionError):  # fcntl(2): EAGAIN or EACCES
        return True
    finally:
        os.close(descriptor)
    return False
