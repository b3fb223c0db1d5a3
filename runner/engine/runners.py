"""The machine as one value: what it has, who holds what of it, and who waits for it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from runner.allocation.locks.who import user as name_of
from runner.allocation.matching.fitting import Taken, units
from runner.allocation.queue.forecast import Forecast, forecast
from runner.spec.workflow import GpuRequest, Resources
from runner.stamps import stamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from runner.allocation.interface import Holder, Leases, Standing, Waiter
    from runner.allocation.inventory import Gpu, Inventory, Load
    from runner.records.store import Records

# the driver is asked for those who want a GPU only
_EVERYTHING = Resources(gpu=GpuRequest(1))
_NOBODY_KNOWS = Forecast(None, None)
# further behind, when somebody starts is anybody's guess, and takes time to guess
_FORESEEN = 20


@dataclass(frozen=True, slots=True)
class Runners:
    """A machine at one moment.

    ``load`` is how many processes computed on average during the last minute, where the system
    tells. ``user`` is who looks; ``workflows`` are those of the user's own runs, by run, as what
    others run is not told. ``loads`` tell how busy GPUs
    are, by UUID, where the driver does; ``starts`` goes with the queue. ``containers`` is the
    daemon that runs them, with its version, and ``no_containers`` says why one that is set up
    cannot be used.
    """

    host: str
    user: str
    at: datetime
    load: float | None
    inventory: Inventory
    standing: Standing
    loads: Mapping[str, Load] = field(default_factory=dict)
    starts: tuple[Forecast, ...] = ()
    workflows: Mapping[str, str] = field(default_factory=dict)
    containers: str | None = None
    no_containers: str | None = None

    def holder(self, gpu: Gpu) -> Holder | None:
        """Whose a GPU is now."""
        return next((held for held in self.standing.holders if gpu.uuid in held.gpus), None)

    def busy(self, gpu: Gpu) -> float | None:
        """The share of the last moments in which a GPU computed, from 0 to 1."""
        load = self.loads.get(gpu.uuid)
        return None if load is None else load.utilisation

    def workflow(self, whose: Holder | Waiter) -> str | None:
        """What a run is a run of, if it is the user's own."""
        return self.workflows.get(whose.run) if whose.user == self.user else None

    def start(self, place: int) -> Forecast:
        """When the waiter at ``place``, counted from 0, probably starts."""
        return self.starts[place] if place < len(self.starts) else _NOBODY_KNOWS

    @property
    def cores_held(self) -> frozenset[int]:
        """The cores that runs have to themselves."""
        return frozenset(core for held in self.standing.holders for core in held.cores)

    @property
    def memory_held(self) -> int:
        """The memory that runs asked for and have, in bytes."""
        return sum(held.memory or 0 for held in self.standing.holders)

    @property
    def facts(self) -> tuple[object, ...]:
        """What has changed when somebody who reads along should hear of it: no time, no load."""
        there, (holders, queue) = self.inventory, self.standing
        return (
            (there.cores, there.memory, there.no_gpus, there.limits),
            [(gpu.uuid, [process.pid for process in gpu.busy]) for gpu in there.gpus],
            [(held.run, held.user, held.cores, held.gpus, held.memory) for held in holders],
            [(waiter.run, waiter.user, waiter.asked) for waiter in queue],
        )

    def document(self) -> dict[str, Any]:
        """The machine as JSON, with the stable keys of ``docs/reference``."""
        there = self.inventory
        return {
            "host": self.host,
            "at": self._time(0),
            "load": self.load,
            "cores": {"ids": list(there.cores), "held": sorted(self.cores_held)},
            "memory": {"bytes": there.memory, "held": self.memory_held},
            "shared_memory": there.shared_memory,
            "limits": [limited._asdict() for limited in there.limits],
            "gpus": [self._gpu(gpu) for gpu in there.gpus],
            "no_gpus": there.no_gpus,
            "containers": self.containers,
            "no_containers": self.no_containers,
            "holders": [self._holder(held) for held in self.standing.holders],
            "queue": [
                self._waiter(place, waiter) for place, waiter in enumerate(self.standing.queue)
            ],
        }

    def _gpu(self, gpu: Gpu) -> dict[str, Any]:
        held = self.holder(gpu)
        return {
            "index": gpu.index,
            "uuid": gpu.uuid,
            "name": gpu.name,
            "parent": gpu.parent,
            "memory": gpu.memory,
            "used": gpu.used,
            "load": self.busy(gpu),
            "run": held and held.run,
            "user": held and held.user,
            "processes": [process._asdict() for process in gpu.busy],
        }

    def _holder(self, held: Holder) -> dict[str, Any]:
        return {
            "run": held.run,
            "user": held.user,
            "workflow": self.workflow(held),
            "cores": list(held.cores),
            "gpus": list(held.gpus),
            "memory": held.memory,
            "since": self._before(held.since),
            "likely_end": self._time(held.likely),
            "latest_end": self._time(held.at_most),
        }

    def _waiter(self, place: int, waiter: Waiter) -> dict[str, Any]:
        start = self.start(place)
        return {
            "place": place + 1,
            "run": waiter.run,
            "user": waiter.user,
            "workflow": self.workflow(waiter),
            "resources": waiter.asked and waiter.asked.document(),
            "since": self._before(waiter.since),
            "likely_start": self._time(start.likely),
            "latest_start": self._time(start.at_most),
        }

    def _before(self, seconds: float | None) -> str | None:
        return None if seconds is None else self._time(-seconds)

    def _time(self, seconds: float | None) -> str | None:
        if seconds is None:
            return None
        return stamp(self.at + timedelta(seconds=seconds))


def look(
    inventory: Callable[[Resources], Inventory],
    sample: Callable[[Sequence[str]], Mapping[str, Load]],
    leases: Leases,
    records: Records,
    at: datetime,
) -> Runners:
    """Look at the machine. Takes nothing, and makes nothing that is not there.

    ``sample`` tells how busy GPUs are, by UUID.

    Raises:
        WfError: kind ``STORAGE`` when the lock folder cannot be used.
    """
    standing = leases.standing()
    user = name_of(os.geteuid())
    whose: tuple[Holder | Waiter, ...] = (*standing.holders, *standing.queue)
    mine = (one.run for one in whose if one.user == user)
    there = inventory(_EVERYTHING)
    return Runners(
        host=os.uname().nodename,
        user=user,
        at=at,
        load=_load(),
        inventory=there,
        standing=standing,
        starts=_starts(standing, there),
        loads=sample([gpu.uuid for gpu in there.gpus]) if there.gpus else {},
        workflows={run: known for run in mine if (known := records.workflow(run)) is not None},
    )


def _starts(standing: Standing, machine: Inventory) -> tuple[Forecast, ...]:
    """When those who wait longest start, as far as the holders tell when they end."""
    holders, queue = standing
    taken = Taken(
        cores=frozenset(core for held in holders for core in held.cores),
        gpus=frozenset(uuid for held in holders for uuid in held.gpus),
        memory=sum(units(held.memory or 0) for held in holders),
    )
    return tuple(
        _NOBODY_KNOWS
        if waiter.asked is None
        else forecast(holders, queue[:place], waiter.asked, machine, taken)
        for place, waiter in enumerate(queue[:_FORESEEN])
    )


def _load() -> float | None:
    try:
        return round(os.getloadavg()[0], 2)
    except OSError:
        return None
