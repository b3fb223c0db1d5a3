"""Looks after a job while it runs: samples what it uses, and tells how long it probably goes on."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from runner.engine.accounting.outlook import Outlook
from runner.engine.accounting.sampler import Sampler, Sources
from runner.records.progress import JOB, Progress

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.allocation.interface import Lease, Leases
    from runner.engine.accounting.gpus import Ask, GpuWatch
    from runner.executors.interface import Execution
    from runner.paths import RunPaths

# between two words to those who wait for the job's devices
_WORD_SECONDS = 5.0
# what a bar of a terminal's width takes, many times over
_TAIL = 4096


class Watch:
    """What is done at every tick of one job."""

    def __init__(  # noqa: PLR0913 - all that a job has to do with
        self,
        execution: Execution,
        lease: Lease,
        leases: Leases,
        loads: Ask,
        paths: RunPaths,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """The job begins now. ``loads`` tells how busy GPUs are, by UUID; it may take seconds."""
        self._gpus = _gpus(loads, lease)
        sources = Sources(
            job=execution.used,
            gpus=lease.gpus,
            loads=self._gpus.take if self._gpus else dict,
            clock=clock,
            effort=time.thread_time,
        )
        self._sampler = Sampler(sources, paths.samples)
        self._leases, self._lease = leases, lease
        self._tail = _Tail(paths.log)
        self._outlook = Outlook()
        self._metrics: dict[str, float] = {}
        self._progress = Progress(paths.progress)
        self._said: dict[str, Any] = {}
        self._clock = clock
        self._next_word = clock()

    def tick(self) -> None:
        """To be called about once a second."""
        self._sampler.tick()
        now = self._clock()
        left = self._look(now)
        if left is not None and now >= self._next_word:
            self._next_word = now + _WORD_SECONDS
            self._leases.tell(self._lease, left)
        self._say(left)

    def close(self) -> None:
        """Stop looking. Safe to repeat."""
        self._progress.clear()
        self._sampler.close()
        self._tail.close()
        if self._gpus is not None:
            self._gpus.close()

    def _look(self, now: float) -> float | None:
        """Read how far the job is; the seconds it still takes, where that can be told."""
        written = self._tail.read()
        if not written:
            return self._outlook.look(None, now)
        # not before a job takes a while
        from runner.engine.accounting import metrics, progress

        lines = progress.states(written)
        self._metrics = metrics.merged(self._metrics, metrics.read(lines))
        return self._outlook.look(progress.parse(lines), now)

    def _say(self, left: float | None) -> None:
        """Let those who watch know, if anything is different."""
        told = self._outlook.told
        fraction = self._outlook.fraction
        said = {
            "epoch": told and told.epoch,
            "epochs": told and told.epochs,
            "step": told and told.step,
            "steps": told and told.steps,
            "fraction": None if fraction is None else round(fraction, 4),
            "left_seconds": None if left is None else round(left),
            "metrics": self._metrics,
            "usage": self._sampler.latest(),
        }
        if said != self._said:
            self._said = said
            self._progress.put({"kind": JOB, **said})

    def document(self) -> dict[str, Any]:
        """What was found; see :meth:`Sampler.document`."""
        return self._sampler.document()


def _gpus(loads: Ask, lease: Lease) -> GpuWatch | None:
    if not lease.gpus:
        return None
    from runner.engine.accounting.gpus import GpuWatch

    return GpuWatch(loads, [gpu.uuid for gpu in lease.gpus])


class _Tail:
    """The end of a log that grows."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._descriptor: int | None = None
        self._size = 0

    def read(self) -> bytes | None:
        """Its end from a whole line on; ``None`` when nothing was written since the last time."""
        try:
            if self._descriptor is None:
                self._descriptor = os.open(self._path, os.O_RDONLY | os.O_CLOEXEC)
            size = os.fstat(self._descriptor).st_size
            if size == self._size:
                return None
            self._size = size
            start = max(0, size - _TAIL)
            tail = os.pread(self._descriptor, _TAIL, start)
        except OSError:
            return None
        if not start:
            return tail
        # of a line that is cut, a number may be half of one
        cut = min((at for at in (tail.find(b"\n"), tail.find(b"\r")) if at >= 0), default=-1)
        return tail[cut + 1 :]

    def close(self) -> None:
        if self._descriptor is not None:
            with suppress(OSError):
                os.close(self._descriptor)
            self._descriptor = None
