"""Memory held by looking: where no kernel and no service manager does it for us.

What a job has is looked at more often the nearer it comes to its limit, and it is ended when it has
more. It can have more for a moment, and what is swapped counts only from there on.
"""

from __future__ import annotations

import os
import time
from contextlib import nullcontext
from typing import TYPE_CHECKING

from runner.process.confinement.interface import Look, MemoryUse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

NAME = "watcher"
# how fast a job can come to new memory: what one core touches in a second, and some more
_GROWTH = 4 << 30
_OFTEN_SECONDS = 0.05
_SELDOM_SECONDS = 1.0
# what is shared is counted page by page, in the kernel, while the process stands still: for a
# fiftieth of the time at most
_REST_FACTOR = 50.0
_ALONE = (b"Pss:", b"SwapPss:")


class Watcher:
    """Looks at the memory of all processes of a job."""

    name = NAME
    unified = False
    group: Path | None = None

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._peak = 0
        self._over = False
        self._confirm_from = 0.0
        self._page = os.sysconf("SC_PAGESIZE")

    def command(self, argv: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """As it is."""
        return argv

    def entered(self) -> AbstractContextManager[None]:
        """Nothing to enter."""
        return nullcontext()

    def began(self, pid: int) -> None:
        """Nothing to do."""

    def look(self, processes: Callable[[], set[int]]) -> Look:
        """First what each process has, which counts what they share once for each of them.

        Where that is too much, what they have together.
        """
        members = processes()
        has = sum(self._resident(pid) for pid in members)
        if has > self._limit:
            now = time.monotonic()
            if now < self._confirm_from:
                return Look(_OFTEN_SECONDS)
            has = sum(self._share(pid) for pid in members)
            after = time.monotonic()
            self._confirm_from = after + _REST_FACTOR * (after - now)
            self._over = has > self._limit
        self._peak = max(self._peak, has)
        soon = (self._limit - has) / _GROWTH
        return Look(min(max(soon, _OFTEN_SECONDS), _SELDOM_SECONDS), self._over)

    def used(self) -> MemoryUse:
        """As it was seen."""
        return MemoryUse(self._limit, self._peak or None, int(self._over))

    def close(self) -> None:
        """Nothing was made."""

    def _resident(self, pid: int) -> int:
        """What a process has in memory, in bytes, shared or not; 0 when it is gone."""
        try:
            with open(f"/proc/{pid}/statm", "rb", buffering=0) as file:
                return int(file.read().split()[1]) * self._page
        except (OSError, IndexError):
            return 0

    def _share(self, pid: int) -> int:
        """What a process has, in bytes, what is shared divided by those who share it."""
        try:
            with open(f"/proc/{pid}/smaps_rollup", "rb", buffering=0) as file:
                lines = file.read().splitlines()
        except OSError:  # ended, before Linux 4.14, or not ours to look into
            return self._resident(pid)
        return sum(int(line.split()[1]) for line in lines if line.startswith(_ALONE)) * 1024
