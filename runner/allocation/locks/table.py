"""The table: one empty file for everybody, of which each device is a byte.

Who has a device holds its byte, by a lock that lasts until the last process which inherited the
descriptor is gone. The file has a gate besides, a ``flock`` on the whole: who chooses devices
passes it alone, so all that is asked for is taken together or not at all.
"""

from __future__ import annotations

import fcntl
import os
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from runner.allocation.locks import ofd, ranges
from runner.allocation.locks.devices import Devices
from runner.allocation.locks.ranges import Stretch
from runner.allocation.locks.unusable import explained
from runner.allocation.locks.who import process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from runner.allocation.locks.folder import LockFolder

NAME = "wf-devices"
_FIRST_CORE = 1
_MOST_CORES = 1 << 16
_FIRST_GPU = 1 << 41
_GPU_BYTES = 5
_FIRST_MEMORY = 1 << 42
_FIRST_REST_SECONDS = 0.0005
_LONGEST_REST_SECONDS = 0.02
# whoever is inside has nothing to do but to look and to take
_STUCK_SECONDS = 5.0


class Table:
    """The table, opened once: what this one takes it holds until its descriptor is closed."""

    def __init__(self, folder: LockFolder) -> None:
        """Open it.

        Raises:
            WfError: kind ``STORAGE``: it cannot be.
        """
        self._folder = folder
        self.descriptor = folder.shared(NAME)
        with explained(folder.path / NAME):
            self.has_ranges = ofd.has_ranges(self.descriptor)

    @contextmanager
    def gate(self, stuck: Callable[[str], None]) -> Iterator[None]:
        """Be alone in choosing devices.

        ``stuck`` is called with who is inside, in words, if nobody comes out in five seconds, and
        again after as many more; it may raise.

        Raises:
            WfError: kind ``STORAGE``: the table cannot be locked.
        """
        while not self._enter(stuck):
            # its owner has removed it, or put another one in its place
            anew = self._folder.shared(NAME)
            os.close(self.descriptor)
            self.descriptor = anew
        try:
            yield
        finally:
            fcntl.flock(self.descriptor, fcntl.LOCK_UN)

    def held(self, cores: int, gpus: Iterable[str], memory: int) -> Devices:
        """What others hold of the cores and units of memory below a number, and of these GPUs."""
        if not self.has_ranges:
            return Devices()
        return Devices(
            _numbers(ofd.held(self.descriptor, Stretch(_FIRST_CORE, cores)), _FIRST_CORE),
            frozenset(
                uuid for uuid in gpus if ofd.first_held(self.descriptor, _gpu(uuid)) is not None
            ),
            _numbers(ofd.held(self.descriptor, Stretch(_FIRST_MEMORY, memory)), _FIRST_MEMORY),
        )

    def take(self, wanted: Devices) -> bool:
        """Hold all of that, or nothing if somebody has some of it."""
        if not self.has_ranges:
            return True
        bytes_of = [
            *(Stretch(_FIRST_CORE + each.start, each.length) for each in wanted.cores),
            *(_gpu(uuid) for uuid in wanted.gpus),
            *(Stretch(_FIRST_MEMORY + each.start, each.length) for each in wanted.memory),
        ]
        with explained(self._folder.path / NAME):
            if all(ofd.take(self.descriptor, each) for each in bytes_of):
                return True
        self.let_go()
        return False

    def let_go(self) -> None:
        """Let go of everything."""
        if self.has_ranges:
            ofd.let_go(self.descriptor)

    def close(self) -> None:
        """Let go of everything, unless the descriptor was inherited."""
        os.close(self.descriptor)

    def _enter(self, stuck: Callable[[str], None]) -> bool:
        """Pass the gate; whether it is still that of everybody."""
        rest = _FIRST_REST_SECONDS
        since = time.monotonic()
        while not self._entered():
            if time.monotonic() - since >= _STUCK_SECONDS:
                stuck(_inside(os.fstat(self.descriptor)))
                since = time.monotonic()
            time.sleep(rest)
            rest = min(2 * rest, _LONGEST_REST_SECONDS)
        return self._folder.is_there(NAME, self.descriptor)

    def _entered(self) -> bool:
        with explained(self._folder.path / NAME):
            try:
                fcntl.flock(self.descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
        return True


def _gpu(uuid: str) -> Stretch:
    from blake3 import blake3

    number = int.from_bytes(blake3(uuid.encode()).digest(length=_GPU_BYTES), "big")
    return Stretch(_FIRST_GPU + number, 1)


def _numbers(found: Iterable[Stretch], first: int) -> tuple[Stretch, ...]:
    return ranges.merged(Stretch(each.start - first, each.length) for each in found)


def _inside(table: os.stat_result) -> str:
    """Who holds the gate, as ``wf (process 4711 of bob)``, by the table of locks in proc(5)."""
    device, inode = table.st_dev, table.st_ino
    wanted = f"{os.major(device):02x}:{os.minor(device):02x}:{inode}"
    try:
        with open("/proc/locks", encoding="ascii", errors="replace") as file:
            rows = [line.split() for line in file]
    except OSError:  # not Linux
        rows = []
    for row in rows:
        if row[1:2] == ["FLOCK"] and wanted in row[5:6] and row[4].isdigit():
            return process(int(row[4]))
    return "a process that cannot be seen from here"
