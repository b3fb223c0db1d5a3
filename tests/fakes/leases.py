"""Leases in memory, for one process and its children.

A held device is the writing end of a pipe. The lease's descriptors are such ends, so they can be
inherited as real ones are: the reading end tells when the last holder is gone.
"""

from __future__ import annotations

import os
import select
import threading
import time
from typing import TYPE_CHECKING

from runner.allocation.interface import Lease, Standing
from runner.allocation.matching import Choice, choose, device_names, taken_by_name
from runner.errors import BUSY, WfError
from runner.events import PhaseProgress

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.allocation.interface import Claim
    from runner.allocation.inventory import Inventory
    from runner.events import Observer
    from runner.spec.workflow import Resources

_LOOK_AGAIN_SECONDS = 0.01


class FakeLeases:
    """Holds devices by their names; ``held`` can be looked at."""

    def __init__(self) -> None:
        self._watched: dict[str, int] = {}
        self._live: list[Lease] = []
        self._turnstile = threading.Lock()

    @property
    def held(self) -> frozenset[str]:
        """The names of the devices held now."""
        for name, reading in list(self._watched.items()):
            poller = select.poll()
            poller.register(reading, select.POLLIN)
            if poller.poll(0):  # end of file: nobody has the other end any more
                os.close(reading)
                del self._watched[name]
        return frozenset(self._watched)

    def acquire(
        self,
        asked: Resources,
        look: Callable[[], Inventory],
        claim: Claim,
        observer: Observer,
        *,
        wait: bool,
    ) -> Lease:
        """As the real ones do; ``claim`` is not shown to anybody."""
        if asked.cpu is None and asked.gpu is None:
            return self._grant(asked, look(), Choice(None, ()))
        if not self._turnstile.acquire(blocking=wait):
            raise WfError(BUSY, "another run is waiting for devices")
        try:
            while (lease := self._try(asked, look())) is None:
                if not wait:
                    raise WfError(BUSY, f"{claim.run} would have to wait")
                observer.notify(PhaseProgress("devices", "waiting", waiting=True))
                time.sleep(_LOOK_AGAIN_SECONDS)
            self._live.append(lease)
            return lease
        finally:
            self._turnstile.release()

    def release(self, lease: Lease) -> None:
        """Close this process's ends, once: their numbers are somebody else's afterwards."""
        for at, live in enumerate(self._live):
            if live is lease:
                del self._live[at]
                for descriptor in lease.descriptors:
                    os.close(descriptor)
                return

    def tell(self, lease: Lease, left: float | None) -> None:
        """Nobody asks."""

    def keep(self, lease: Lease, keeper: str) -> None:
        """Nothing but descriptors keeps a lease."""

    def standing(self) -> Standing:
        """Nothing is told."""
        return Standing()

    def close(self) -> None:
        """Let go of everything, at the end of a test."""
        for lease in list(self._live):
            self.release(lease)
        for reading in self._watched.values():
            os.close(reading)
        self._watched.clear()

    def _try(self, asked: Resources, machine: Inventory) -> Lease | None:
        chosen = choose(asked, machine, taken_by_name(self.held, machine))
        return None if chosen is None else self._grant(asked, machine, chosen)

    def _grant(self, asked: Resources, machine: Inventory, chosen: Choice) -> Lease:
        return Lease(
            cores=machine.cores if chosen.cores is None else chosen.cores,
            exclusive=chosen.cores is not None,
            gpus=chosen.gpus,
            memory=asked.memory,
            of_cores=len(machine.cores),
            descriptors=tuple(self._hold(name) for name in device_names(chosen)),
        )

    def _hold(self, name: str) -> int:
        self._watched[name], writing = os.pipe()
        return writing
