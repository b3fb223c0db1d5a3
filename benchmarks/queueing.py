"""Many processes that wait for the same machine, as ``inside.py`` has them do.

They are forked from one process that has imported everything: a thousand interpreters would not
fit on a small machine. Each waits for devices as ``wf run`` does, says when it has got them, holds
them for a moment, and ends.
"""

from __future__ import annotations

import ctypes
import os
import signal
import struct
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from runner.allocation.interface import Claim
from runner.allocation.inventory import Gpu, Inventory
from runner.allocation.lease import FileLeases
from runner.spec.workflow import GpuRequest, Resources

if TYPE_CHECKING:
    from typing_extensions import Self

    from runner.events import Event

CORES = 64
GPUS = 8
MEMORY = 512 << 30
_PATIENCE_SECONDS = 300.0
_PR_SET_PDEATHSIG = 1
_LOOK_AGAIN_SECONDS = 0.05
# how long the queue is left alone before and while its cost is measured
_SETTLE_SECONDS = 2.0
_WATCHED_SECONDS = 5.0
_HELD_SECONDS = 0.02
# when a waiter got its devices and when it let go: seconds of the monotonic clock
_TURN = struct.Struct("dd")

EVERYTHING = Resources(cpu=CORES, memory=MEMORY, gpu=GpuRequest(GPUS))
# what runs of a group that shares a workstation ask for; none fits beside EVERYTHING
SHAPES = (
    *(Resources(cpu=cores) for cores in (1, 4, 8, 32)),
    *(Resources(gpu=GpuRequest(count)) for count in (1, 2, 4, 8)),
    *(Resources(cpu=8, memory=size << 30, gpu=GpuRequest(1)) for size in (16, 64)),
)


class _Silent:
    """Watches, and says nothing."""

    def notify(self, event: Event, /) -> None:
        """Take no note."""


def machine() -> Inventory:
    """64 cores in two nodes, 512 GiB, and eight GPUs."""
    gpus = tuple(
        Gpu(f"GPU-{index:08x}-bench", index, "NVIDIA H100 80GB HBM3", 80 * 10**9, numa=index // 4)
        for index in range(GPUS)
    )
    nodes = tuple(range(CORES // 2)), tuple(range(CORES // 2, CORES))
    return Inventory(tuple(range(CORES)), MEMORY, gpus, numa=nodes)


def acquire(folder: str, what: str) -> float:
    """The first acquisition of a process, with what a run has imported by then: its seconds."""
    from runner.engine import run  # noqa: F401

    asked = {"everything": EVERYTHING, "one GPU": Resources(gpu=GpuRequest(1))}[what]
    there = machine()
    leases = FileLeases(Path(folder))
    started = time.perf_counter()
    leases.acquire(asked, lambda _: there, Claim("bench-run-1"), _Silent(), wait=False)
    return time.perf_counter() - started


def queue(folder: str, waiters: str, turns: str, mixed: str) -> dict[str, object]:
    """So many waiters behind one that holds everything.

    Answers with the processor time that all take in a second while nothing happens, and after it
    with the seconds from each release to the moment when somebody has got devices, for the first
    ``turns`` of them. ``mixed``: with requests of ten kinds instead of one.
    """
    leases = FileLeases(Path(folder))
    there = machine()
    held = leases.acquire(EVERYTHING, lambda _: there, Claim("holder"), _Silent(), wait=False)
    shapes = SHAPES if mixed == "mixed" else (EVERYTHING,)
    asked = [shapes[at % len(shapes)] for at in range(int(waiters))]
    with _Waiters(Path(folder), asked, held.descriptors) as line:
        line.wait_until_all_are_there(leases)
        time.sleep(_SETTLE_SECONDS)
        before, began = line.processor_seconds(), time.monotonic()
        time.sleep(_WATCHED_SECONDS)
        cost = (line.processor_seconds() - before) / (time.monotonic() - began)
        released = time.monotonic()
        leases.release(held)
        delays = []
        for got, let_go in line.turns(int(turns)):
            delays.append(max(0.0, got - released))
            released = let_go
        return {"cost": cost, "delays": delays}


def _end_with_parent() -> None:
    """Whoever ends the measurement ends all of it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


class _Waiters:
    """Processes that wait, all children of this one."""

    def __init__(self, folder: Path, asked: list[Resources], foreign: tuple[int, ...]) -> None:
        """``foreign`` are descriptors that they must not inherit: they would hold what those do."""
        self._folder, self._asked, self._foreign = folder, asked, foreign
        self._pids: list[int] = []
        self._said, self._saying = os.pipe()

    def __enter__(self) -> Self:
        there = machine()
        for number, asked in enumerate(self._asked):
            pid = os.fork()
            if pid == 0:
                _end_with_parent()
                for descriptor in self._foreign:
                    os.close(descriptor)
                self._wait_for(asked, there, f"waiter-{number}")
            self._pids.append(pid)
        return self

    def __exit__(self, *_: object) -> None:
        for pid in self._pids:
            with suppress(ProcessLookupError):  # not collected yet, so the number is still its own
                os.kill(pid, signal.SIGKILL)
        for pid in self._pids:
            os.waitpid(pid, 0)

    def _wait_for(self, asked: Resources, there: Inventory, name: str) -> None:
        code = 1
        try:
            leases = FileLeases(self._folder)
            lease = leases.acquire(asked, lambda _: there, Claim(name), _Silent(), wait=True)
            got = time.monotonic()
            time.sleep(_HELD_SECONDS)
            let_go = time.monotonic()
            leases.release(lease)
            os.write(self._saying, _TURN.pack(got, let_go))
            code = 0
        finally:
            os._exit(code)

    def wait_until_all_are_there(self, leases: FileLeases) -> None:
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while len(leases.standing().queue) < len(self._pids):
            if time.monotonic() > deadline:
                there = len(leases.standing().queue)
                sys.exit(f"only {there} of {len(self._pids)} waiters stand in the queue")
            time.sleep(_LOOK_AGAIN_SECONDS)

    def processor_seconds(self) -> float:
        """What all have used so far, their threads included (sched-stats, nanoseconds)."""
        total = 0
        for pid in self._pids:
            for thread in Path(f"/proc/{pid}/task").iterdir():
                total += int((thread / "schedstat").read_bytes().split()[0])
        return total / 1e9

    def turns(self, number: int) -> list[tuple[float, float]]:
        """When the next ones got devices and let go, in this order."""
        found: list[tuple[float, float]] = []
        while len(found) < number:
            got, let_go = _TURN.unpack(os.read(self._said, _TURN.size))
            found.append((got, let_go))
        return found
