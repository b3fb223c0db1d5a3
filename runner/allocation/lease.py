"""Leases as kernel locks, in one folder for everybody on the machine.

A lease is two descriptors, which its job inherits: that of the table, through which its devices
are held (:mod:`~runner.allocation.locks.table`), and that of its claim, which says so
(:mod:`~runner.allocation.locks.claims`). The kernel lets go of both when the last process of the
job is gone. Who has to wait has a place in the queue (:mod:`~runner.allocation.waiting.queueing`).
"""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.interface import Lease, Standing
from runner.allocation.locks.folder import MOUNTS, LockFolder
from runner.allocation.locks.unusable import explained

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from runner.allocation.interface import Claim
    from runner.allocation.inventory import Inventory
    from runner.allocation.locks.claims import OwnClaim
    from runner.allocation.locks.table import Table
    from runner.allocation.waiting.queueing import Granted
    from runner.events import Observer
    from runner.spec.workflow import Resources


class _Held(NamedTuple):
    """What holds a lease of this process; no table where ranges cannot be held."""

    lease: Lease
    table: Table | None
    claim: OwnClaim


class FileLeases:
    """Leases in one lock folder; ``mounts`` tells of file systems as mountinfo of proc(5)."""

    def __init__(self, folder: Path, mounts: Path = MOUNTS) -> None:
        self._folder = LockFolder(folder, mounts)
        self._held: list[_Held] = []

    def acquire(
        self,
        asked: Resources,
        look: Callable[[Resources], Inventory],
        claim: Claim,
        observer: Observer,
        *,
        wait: bool,
    ) -> Lease:
        """Hold devices for ``asked``; see :class:`~runner.allocation.interface.Leases`.

        Who asks for nothing that is leased does not touch the folder.
        """
        if not asked.leased:
            return _shared(look(asked), asked)
        # most runs ask for nothing, and need not load all this
        from runner.allocation.waiting.attempt import Attempt
        from runner.allocation.waiting.queueing import Asking, Queue

        self._folder.prepare()
        attempt = Attempt(self._folder, asked, look, claim)
        try:
            granted = Queue(
                self._folder, attempt, Asking(attempt.asked, claim, observer, wait)
            ).granted()
        except BaseException:
            attempt.close()
            raise
        held = _hold(asked, granted)
        self._held.append(held)
        return held.lease

    def release(self, lease: Lease) -> None:
        """Close the descriptors; whoever inherited them still holds the locks.

        Once closed, a descriptor's number may belong to another lease: each is closed once only.
        """
        held = self._of(lease)
        if held is not None:
            self._held.remove(held)
            held.claim.close()
            if held.table is not None:  # last, as this is what those who wait have an eye on
                held.table.close()

    def tell(self, lease: Lease, left: float | None) -> None:
        """Write it into the claim; who waits does well without it if that cannot be done."""
        held = self._of(lease)
        if held is not None:
            with suppress(OSError):
                held.claim.tell(left)

    def keep(self, lease: Lease, keeper: str) -> None:
        """Write it into the claim.

        Raises:
            WfError: kind ``STORAGE``: it cannot be written.
        """
        held = self._of(lease)
        if held is not None:
            with explained(self._folder.path / held.claim.name):
                held.claim.keep(keeper)

    def standing(self) -> Standing:
        """Who holds what and who waits, now; nobody if there is no lock folder yet.

        Raises:
            WfError: kind ``STORAGE`` when the lock folder cannot be read.
        """
        from runner.allocation.locks.claims import Claims
        from runner.allocation.locks.places import Places
        from runner.allocation.waiting.told import holder, waiter

        claims, places = Claims(self._folder), Places(self._folder)
        live = claims.look()
        if claims.ask():
            live = claims.look()
        queue = (places.content(place) for place in places.line() if places.is_live(place))
        return Standing(
            holders=tuple(map(holder, live)),
            queue=tuple(waiter(content) for content in queue if content is not None),
        )

    def _of(self, lease: Lease) -> _Held | None:
        return next((held for held in self._held if held.lease is lease), None)


def _shared(machine: Inventory, asked: Resources) -> Lease:
    """Nothing of one's own, beside all others."""
    return Lease(machine.cores, False, (), asked.memory, len(machine.cores))  # noqa: FBT003


def _hold(asked: Resources, granted: Granted) -> _Held:
    grant = granted.grant
    table: Table | None = grant.table
    if not grant.table.has_ranges:
        grant.table.close()
        table = None
    descriptors = (grant.claim.descriptor,)
    choice, machine = grant.choice, grant.machine
    lease = Lease(
        cores=machine.cores if choice.cores is None else choice.cores,
        exclusive=choice.cores is not None,
        gpus=choice.gpus,
        memory=asked.memory,
        of_cores=len(machine.cores),
        descriptors=descriptors if table is None else (table.descriptor, *descriptors),
        turn=granted.turn,
    )
    return _Held(lease, table, grant.claim)
