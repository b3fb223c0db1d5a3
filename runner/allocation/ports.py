"""Ports of this machine: picking free ones, and telling who listens on one.

A port that was picked stays bound until just before the job starts, so that two runs that start
at once do not pick the same one. Nothing can hand it over to the job; in the moment between, some
other program may take it.
"""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.spec.workflow import Ports

_ANY = "0.0.0.0"  # noqa: S104 - a port is free only if it is on every address; nobody listens on it
_LOCAL = "127.0.0.1"
_ANSWER_SECONDS = 0.5
# proc(5): tables of sockets, and the state of one that listens
_TABLES = ("/proc/net/tcp", "/proc/net/tcp6")
_LISTENS = "0A"


class HeldPorts:
    """The ports of a job, in its order. ``busy`` are fixed ones that somebody has, and who."""

    def __init__(self, asked: Ports, more: int = 0) -> None:
        """Find ports for what was asked for, and ``more`` free ones behind them.

        Raises:
            OSError: no port is free.
        """
        self._sockets: list[socket.socket] = []
        self.busy: dict[int, str | None] = {
            port: _holder(port) for port in asked.fixed if not self._bind(port)
        }
        self.numbers = (*asked.fixed, *(self._free() for _ in range(asked.free + more)))

    def let_go(self) -> None:
        """Leave the ports to the job. Safe to repeat."""
        while self._sockets:
            self._sockets.pop().close()

    def _free(self) -> int:
        held = self._hold(0)
        return int(held.getsockname()[1])

    def _bind(self, port: int) -> bool:
        """Whether a port can be had; one that wf may not have at all is the job's own matter."""
        try:
            self._hold(port)
        except PermissionError:  # below 1024
            return not answers(port)
        except OSError:
            return False
        return True

    def _hold(self, port: int) -> socket.socket:
        made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        try:
            if port:
                # a connection that has just ended does not make a port busy, as for most servers
                made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            made.bind((_ANY, port))
        except OSError:
            made.close()
            raise
        self._sockets.append(made)
        return made


def answers(port: int) -> bool:
    """Whether somebody on this machine takes connections on a port."""
    try:
        with socket.create_connection((_LOCAL, port), timeout=_ANSWER_SECONDS):
            return True
    except OSError:
        return False


def _holder(port: int) -> str | None:
    """Who listens on a port, as ``python3 (process 4711)``; ``None`` if it cannot be told."""
    sockets = {f"socket:[{inode}]" for inode in _listening(port)}
    for pid in _processes():
        try:
            with os.scandir(f"/proc/{pid}/fd") as entries:
                if not any(os.readlink(entry.path) in sockets for entry in entries):
                    continue
            with open(f"/proc/{pid}/comm", encoding="utf-8", errors="replace") as file:
                return f"{file.read().strip()} (process {pid})"
        except OSError:  # it has ended, or belongs to somebody else
            continue
    return None


def _listening(port: int) -> Iterator[str]:
    """The inodes of sockets that listen on a port."""
    for table in _TABLES:
        try:
            with open(table, encoding="ascii") as file:
                rows = [line.split() for line in file.readlines()[1:]]
        except OSError:  # not Linux, or no such family
            continue
        for row in rows:
            if row[3] == _LISTENS and int(row[1].rpartition(":")[2], 16) == port:
                yield row[9]


def _processes() -> list[str]:
    try:
        return [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return []
