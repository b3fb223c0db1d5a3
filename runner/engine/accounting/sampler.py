"""Samples what a job uses, tick by tick, at a cost that stays below half a percent of a core."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from runner.engine.accounting.series import Series
from runner.records.samples import SamplesFile, columns

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from runner.allocation.inventory import Gpu, Load
    from runner.process.usage import Reading

# of a core's time, which sampling may take
_SHARE = 0.004


class Sources(NamedTuple):
    """Where readings come from.

    ``job`` is what its processes use, ``loads`` how busy its ``gpus`` are by UUID; both return at
    once, and tell less or nothing where they cannot. ``clock`` is the time, ``effort`` the
    processor time that this thread has had, in seconds.
    """

    job: Callable[[], Reading | None]
    gpus: tuple[Gpu, ...]
    loads: Callable[[], Mapping[str, Load]]
    clock: Callable[[], float]
    effort: Callable[[], float]


class Sampler:
    """Samples one job. After each reading it rests for 250 times as long as that took."""

    def __init__(self, sources: Sources, path: Path) -> None:
        """The job begins now; the series goes to ``path``."""
        self._sources = sources
        self._file = SamplesFile(path, columns(len(sources.gpus)))
        self._series = Series(2 + 2 * len(sources.gpus))
        self._written = 0
        self._started = self._at = self._read_at = sources.clock()
        self._rest_until = 0.0
        self._cpu_seconds = 0.0
        self._latest: tuple[float | None, ...] = ()

    def tick(self) -> None:
        """Look, unless it is too soon. What cannot be read is left out."""
        now = self._sources.clock()
        if now < self._rest_until or now <= self._at:
            return
        before = self._sources.effort()
        values = (*self._job(now), *self._gpus())
        self._latest = values
        if any(value is not None for value in values):
            self._keep(now, values)
        self._rest_until = now + (self._sources.effort() - before) / _SHARE

    def close(self) -> None:
        """Write the rest of the series. Safe to repeat."""
        self._file.append(self._series.rows(self._written))
        self._written = len(self._series)
        self._file.close()

    def document(self) -> dict[str, Any]:
        """What was found, as JSON; see ``usage`` in ``docs/reference/json.md``."""
        pairs = list(zip(self._series.means(), self._series.peaks, strict=True))
        return {
            "cpu": _told(pairs[0], 3),
            "memory": _told(pairs[1], 0),
            "gpus": [
                {
                    "uuid": gpu.uuid,
                    "index": gpu.index,
                    "utilisation": _told(pairs[2 + 2 * number], 3),
                    "memory": _told(pairs[3 + 2 * number], 0),
                    "memory_total": gpu.memory,
                }
                for number, gpu in enumerate(self._sources.gpus)
            ],
            "samples": {"count": len(self._series), "interval_seconds": self._series.interval},
        }

    def latest(self) -> dict[str, Any] | None:
        """What was seen last, as JSON; ``None`` before the first look."""
        if not self._latest:
            return None
        cpu, memory, *of_gpus = self._latest
        return {
            "cpu": cpu if cpu is None else round(cpu, 2),
            "memory": memory if memory is None else round(memory),
            "gpus": [
                {"index": gpu.index, "utilisation": of_gpus[2 * at], "memory": of_gpus[2 * at + 1]}
                for at, gpu in enumerate(self._sources.gpus)
            ],
        }

    def _job(self, now: float) -> tuple[float | None, float | None]:
        """Cores in use since the last reading, and memory."""
        reading = self._sources.job()
        if reading is None:
            return None, None
        cores = (reading.cpu_seconds - self._cpu_seconds) / (now - self._read_at)
        self._cpu_seconds, self._read_at = reading.cpu_seconds, now
        return cores, float(reading.memory)

    def _gpus(self) -> list[float | None]:
        if not self._sources.gpus:
            return []
        found: list[float | None] = []
        loads = self._sources.loads()
        for gpu in self._sources.gpus:
            load = loads.get(gpu.uuid)
            found += (None, None) if load is None else (load.utilisation, load.used)
        return found

    def _keep(self, now: float, values: tuple[float | None, ...]) -> None:
        interval = self._series.interval
        self._series.add(now - self._started, values, now - self._at)
        self._at = now
        # the last point may still change
        whole = len(self._series) - 1
        if self._series.interval != interval:
            self._file.replace(list(self._series.rows())[:whole])
        else:
            self._file.append(list(self._series.rows(self._written))[: whole - self._written])
        self._written = whole


def _told(pair: tuple[float | None, float | None], digits: int) -> dict[str, float | int | None]:
    mean, peak = (None if value is None else round(value, digits or None) for value in pair)
    return {"mean": mean, "peak": peak}
