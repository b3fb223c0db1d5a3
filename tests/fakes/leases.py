"""Leases in memory, for one process and its children.

A lease is the writing end of a pipe, which can be inherited as real ones are: the reading end tells
when the last holder is gone.
"""

from __future__ import annotations

import os
import select
import threading
import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.interface import Holder, Lease, Standing, Waiter
from runner.allocation.matching.fitting import NOTHING_TAKEN, UNIT, Choice, Taken
from runner.allocation.queue.rule import Start, may_start
from runner.errors import BUSY, WfError
from runner.events import Waiting
from runner.spec.workflow import GpuRequest

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.allocation.interface import Claim
    from runner.allocation.inventory import Inventory
    from runner.events import Observer
    from runner.spec.workflow import Resources

_LOOK_AGAIN_SECONDS = 0.01
_USER = "ada"


class _Live(NamedTuple):
    """A lease that somebody holds, as long as the other end of ``reading`` is open."""

    reading: int
    run: str
    choice: Choice


class FakeLeases:
    """Holds devices; what is held can be looked at."""

    def __init__(self) -> None:
        self._live: list[_Live] = []
        self._own: list[Lease] = []
        self._queue: list[_Place] = []
        self._lock = threading.Lock()

    @property
    def held(self) -> frozenset[str]:
        """The devices held now, in words."""
        taken = self._taken()
        return frozenset({f"core {core}" for core in taken.cores} | taken.gpus)

    def acquire(
        self,
        asked: Resources,
        look: Callable[[Resources], Inventory],
        claim: Claim,
        observer: Observer,
        *,
        wait: bool,
    ) -> Lease:
        """As the real ones do."""
        if asked.cpu is None and asked.gpu is None and not asked.memory:
            return _granted(asked, look(asked), Choice(None, ()), ())
        place = _Place(claim.run, asked)
        with self._lock:
            place.number = 1 + max((one.number for one in self._queue), default=0)
            self._queue.append(place)
        try:
            while True:
                found = self._try(place, look(self._wanted(place)))
                if isinstance(found, Lease):
                    return found
                if not wait:
                    raise WfError(BUSY, f"devices are busy: {found}")
                at = self._queue.index(place)
                observer.notify(Waiting(found, at + 1, len(self._queue)))
                time.sleep(_LOOK_AGAIN_SECONDS)
        finally:
            with self._lock:
                self._queue.remove(place)

    def release(self, lease: Lease) -> None:
        """Close this process's end, once: its number is somebody else's afterwards."""
        for at, own in enumerate(self._own):
            if own is lease:
                del self._own[at]
                for descriptor in lease.descriptors:
                    os.close(descriptor)
                return

    def tell(self, lease: Lease, left: float | None) -> None:
        """Nobody is told."""

    def keep(self, lease: Lease, keeper: str) -> None:
        """Nothing but descriptors keeps a lease."""

    def standing(self) -> Standing:
        """Who holds what and who waits."""
        self._sweep()
        return Standing(
            holders=tuple(
                Holder(
                    live.run,
                    _USER,
                    live.choice.cores or (),
                    tuple(gpu.uuid for gpu in live.choice.gpus),
                    live.choice.memory * UNIT or None,
                )
                for live in self._live
            ),
            queue=tuple(Waiter(place.run, _USER, place.asked) for place in self._queue),
        )

    def close(self) -> None:
        """Let go of everything, at the end of a test."""
        for lease in list(self._own):
            self.release(lease)
        for live in self._live:
            os.close(live.reading)
        self._live.clear()

    def _wanted(self, place: _Place) -> Resources:
        """What to look at: GPUs, too, where somebody in front wants some."""
        ahead = self._queue[: self._queue.index(place)]
        if place.asked.gpu is not None or all(one.asked.gpu is None for one in ahead):
            return place.asked
        return replace(place.asked, gpu=GpuRequest(1))

    def _taken(self) -> Taken:
        self._sweep()
        taken = NOTHING_TAKEN
        for live in self._live:
            taken = taken.and_also(live.choice)
        return taken

    def _sweep(self) -> None:
        for live in list(self._live):
            poller = select.poll()
            poller.register(live.reading, select.POLLIN)
            if poller.poll(0):  # end of file: nobody has the other end any more
                os.close(live.reading)
                self._live.remove(live)

    def _try(self, place: _Place, machine: Inventory) -> Lease | str:
        """The lease, or what is short."""
        with self._lock:
            ahead = [one for one in self._queue if one.number < place.number]
            decided = may_start([one.asked for one in ahead], place.asked, machine, self._taken())
            if not isinstance(decided, Start):
                return decided.short_of
            reading, writing = os.pipe()
            self._live.append(_Live(reading, place.run, decided.choice))
            lease = _granted(place.asked, machine, decided.choice, (writing,))
            self._own.append(lease)
            return lease


class _Place:
    """One that waits. Two that ask alike are two."""

    def __init__(self, run: str, asked: Resources) -> None:
        self.run = run
        self.asked = asked
        self.number = 0


def _granted(
    asked: Resources, machine: Inventory, chosen: Choice, descriptors: tuple[int, ...]
) -> Lease:
    return Lease(
        cores=machine.cores if chosen.cores is None else chosen.cores,
        exclusive=chosen.cores is not None,
        gpus=chosen.gpus,
        memory=asked.memory,
        of_cores=len(machine.cores),
        descriptors=descriptors,
    )
