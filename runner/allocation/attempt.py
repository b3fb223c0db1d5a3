"""One look at what is free, and taking it: what a request does until it has its devices."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation import queue, ranges
from runner.allocation.claims import Claims, OwnClaim
from runner.allocation.devices import Devices, together
from runner.allocation.matching import UNIT, Taken
from runner.allocation.table import Table
from runner.allocation.unusable import unusable

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from runner.allocation.claims import Held
    from runner.allocation.folder import LockFolder
    from runner.allocation.interface import Claim
    from runner.allocation.inventory import Inventory
    from runner.allocation.matching import Choice
    from runner.spec.workflow import Resources

# asking the driver takes a while, and is not done more often than that
_LOOK_SECONDS = 1.0
# unless somebody has let go of something
_LOOK_ANEW_SECONDS = 0.1


class View(NamedTuple):
    """What is held, and by whom."""

    machine: Inventory
    claims: tuple[Held, ...]
    held: Devices
    taken: Taken


class Grant(NamedTuple):
    """What was taken, and who was passed. ``table`` and ``claim`` hold it."""

    choice: Choice
    machine: Inventory
    table: Table
    claim: OwnClaim
    passed: tuple[queue.Overtaken, ...]


class Denied(NamedTuple):
    """What is short, in words; ``ready`` are the indexes of earlier ones that could start."""

    short_of: str
    ready: tuple[int, ...] = ()


class Attempt:
    """A request, with the table open for it."""

    def __init__(
        self, folder: LockFolder, asked: Resources, look: Callable[[], Inventory], claim: Claim
    ) -> None:
        """Open the table and look at the machine.

        Raises:
            WfError: kind ``STORAGE``: the lock folder cannot be used.
        """
        self._folder = folder
        self._asked = asked
        self._look = look
        self._claim = claim
        self._machine = look()
        self._looked = time.monotonic()
        self.claims = Claims(folder)
        self.table = Table(folder)

    def close(self) -> None:
        """Give up; what was granted is not touched."""
        self.table.close()

    def look_anew(self, *, at_once: bool = False) -> bool:
        """Look at the machine again if it is time to; ``at_once``: as something has changed."""
        age = time.monotonic() - self._looked
        if age < (_LOOK_ANEW_SECONDS if at_once else _LOOK_SECONDS):
            return False
        self._machine = self._look()
        self._looked = time.monotonic()
        return True

    def view(self) -> View:
        """What is held now.

        Raises:
            WfError: kind ``STORAGE``: the lock folder cannot be read.
        """
        machine = self._machine
        cores = max(machine.cores, default=-1) + 1
        units = machine.memory // UNIT
        claims = self.claims.look()
        held = together(
            [
                self.table.held(cores, (gpu.uuid for gpu in machine.gpus), units),
                *(claim.devices for claim in claims),
            ]
        )
        taken = Taken(
            cores=frozenset(ranges.numbers(ranges.clipped(held.cores, cores))),
            gpus=held.gpus,
            memory=ranges.size(ranges.clipped(held.memory, units)),
        )
        return View(machine, tuple(claims), held, taken)

    def traces(self) -> tuple[object, ...]:
        """What changes as soon as somebody takes or lets go of something; costs next to nothing."""
        machine = self._machine
        cores = max(machine.cores, default=-1) + 1
        return (
            self._folder.changed(),
            self.table.held(cores, (gpu.uuid for gpu in machine.gpus), machine.memory // UNIT),
        )

    def take(self, view: View, ahead: Sequence[Resources]) -> Grant | Denied:
        """Take what is asked for if that is free and not kept for those ``ahead``; in the gate.

        Raises:
            WfError: kind ``STORAGE``: the lock folder cannot be used.
        """
        decided = queue.may_start(ahead, self._asked, view.machine, view.taken)
        if isinstance(decided, queue.Held):
            return Denied(decided.short_of, decided.ready)
        choice = decided.choice
        units = view.machine.memory // UNIT
        memory = ranges.lowest_free(view.held.memory, choice.memory, units)
        devices = Devices(
            ranges.of(choice.cores or ()),
            frozenset(gpu.uuid for gpu in choice.gpus),
            memory or (),
        )
        if memory is None or not self.table.take(devices):
            return Denied("a moment")
        claim = self._claimed(devices)
        if claim is None:
            self.table.let_go()
            return Denied("a moment")
        return Grant(choice, view.machine, self.table, claim, decided.passed)

    def _claimed(self, devices: Devices) -> OwnClaim | None:
        """Claim what was taken, and look once more: somebody may have come by another table.

        Whoever sees that another one claims the same lets go of it. As both make their claim
        before they look, at least one of them does.
        """
        try:
            claim = OwnClaim(self._folder, self._claim, devices)
        except OverflowError:
            raise unusable("a claim would be too long") from None
        try:
            others = self.claims.look()
        except BaseException:
            claim.close()
            raise
        if any(one.name != claim.name and one.devices.overlaps(devices) for one in others):
            claim.close()
            return None
        return claim
