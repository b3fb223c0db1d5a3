"""One look at what is free, and taking it: what a request does until it has its devices."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.locks import ranges
from runner.allocation.locks.claims import PREFIX, Claims, OwnClaim
from runner.allocation.locks.devices import Devices, together
from runner.allocation.locks.table import Table
from runner.allocation.locks.unusable import unusable
from runner.allocation.matching.fitting import UNIT, Taken, limited, short_of
from runner.allocation.queue import rule
from runner.spec.workflow import GpuRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

    from runner.allocation.interface import Claim
    from runner.allocation.inventory import Inventory
    from runner.allocation.locks.claims import Held
    from runner.allocation.locks.folder import LockFolder
    from runner.allocation.matching.fitting import Choice
    from runner.spec.workflow import Resources

# asking the driver takes a while, and is not done more often than that
_LOOK_SECONDS = 1.0
# unless somebody has let go of something
_LOOK_ANEW_SECONDS = 0.1
_IN_THE_WAY = "devices that somebody else takes at this moment"


class View(NamedTuple):
    """What is held, and by whom; ``taken`` is what of it this machine has.

    ``settled``: the table and the claims say the same, so nobody is about to take or to let go.
    ``traces`` are those of :meth:`Attempt.traces` at that time.
    """

    machine: Inventory
    claims: tuple[Held, ...]
    held: Devices
    taken: Taken
    settled: bool
    traces: tuple[object, ...]


class Grant(NamedTuple):
    """What was taken, and who was passed. ``table`` and ``claim`` hold it."""

    choice: Choice
    machine: Inventory
    table: Table
    claim: OwnClaim
    passed: tuple[rule.Overtaken, ...]


class Denied(NamedTuple):
    """What is short, in words.

    ``ready`` are the indexes of earlier ones that could start. ``again``: somebody was in the way
    who will be gone in a moment.
    """

    short_of: str
    ready: tuple[int, ...] = ()
    again: bool = False


class Attempt:
    """A request, with the table open for it."""

    def __init__(
        self,
        folder: LockFolder,
        asked: Resources,
        look: Callable[[Resources], Inventory],
        claim: Claim,
    ) -> None:
        """Open the table and look at the machine.

        Raises:
            WfError: kind ``STORAGE``: the lock folder cannot be used.
        """
        self._folder = folder
        self._look = look
        self._claim = claim
        self._machine = look(asked)
        self.asked = self._wanted = limited(asked, self._machine)
        self._looked = time.monotonic()
        self.claims = Claims(folder)
        self.table = Table(folder)

    def close(self) -> None:
        """Give up; what was granted is not touched."""
        self.table.close()

    def look_anew(self, view: View | None = None) -> bool:
        """Look at the machine again if it is time to; whether it was.

        It is sooner if a GPU of ``view`` is in use by nobody that holds it: the process may be that
        of a run which is gone.
        """
        busy = view is not None and any(
            gpu.busy and gpu.uuid not in view.taken.gpus for gpu in view.machine.gpus
        )
        age = time.monotonic() - self._looked
        if age < (_LOOK_ANEW_SECONDS if busy else _LOOK_SECONDS):
            return False
        self._machine = self._look(self._wanted)
        self._looked = time.monotonic()
        return True

    def look_wider(self, ahead: Iterable[Resources]) -> bool:
        """Look at the GPUs, too, if that was not done and one of those ``ahead`` wants some.

        What is kept for him depends on them. Whether it was done now.
        """
        if self._wanted.gpu is not None or all(asked.gpu is None for asked in ahead):
            return False
        self._wanted = replace(self.asked, gpu=GpuRequest(1))
        self._machine = self._look(self._wanted)
        self._looked = time.monotonic()
        return True

    def view(self) -> View:
        """What is held now.

        Raises:
            WfError: kind ``STORAGE``: the lock folder cannot be read.
        """
        changed = self._folder.changed()
        claims = self.claims.look()
        in_table = self._in_table()
        held = together([in_table, *(claim.devices for claim in claims)])
        taken = self._taken(held)
        settled = taken == self._taken(in_table)
        return View(self._machine, tuple(claims), held, taken, settled, (changed, in_table))

    def traces(self) -> tuple[object, ...]:
        """What changes as soon as somebody takes or lets go of something; costs next to nothing."""
        return self._folder.changed(), self._in_table()

    def decide(self, view: View, ahead: Sequence[Resources]) -> rule.Start | Denied:
        """Whether what is asked for is free, and not kept for those ``ahead``; takes nothing.

        As long as it is not free, it does not matter who else could start, which would take much
        longer to find out.
        """
        lacking = short_of(self.asked, view.machine, view.taken)
        if lacking:
            return Denied(lacking)
        decided = rule.may_start(ahead, self.asked, view.machine, view.taken)
        if isinstance(decided, rule.Held):
            return Denied(decided.short_of, decided.ready)
        return decided

    def take(self, view: View, ahead: Sequence[Resources]) -> Grant | Denied:
        """Take what is asked for if that is free and not kept for those ``ahead``; in the gate.

        Raises:
            WfError: kind ``STORAGE``: the lock folder cannot be used.
        """
        decided = self.decide(view, ahead)
        if isinstance(decided, Denied):
            return decided
        choice = decided.choice
        units = view.machine.memory // UNIT
        memory = ranges.lowest_free(view.held.memory, choice.memory, units)
        devices = Devices(
            ranges.of(choice.cores or ()),
            frozenset(gpu.uuid for gpu in choice.gpus),
            memory or (),
        )
        if memory is None or not self.table.take(devices):
            return Denied(_IN_THE_WAY, again=True)
        claim = self._claimed(devices, {one.name for one in view.claims})
        if claim is None:
            self.table.let_go()
            return Denied(_IN_THE_WAY, again=True)
        return Grant(choice, view.machine, self.table, claim, decided.passed)

    def _in_table(self) -> Devices:
        machine = self._machine
        gpus = (gpu.uuid for gpu in machine.gpus)
        return self.table.held(_cores(machine), gpus, machine.memory // UNIT)

    def _taken(self, held: Devices) -> Taken:
        """What of it this machine has."""
        machine = self._machine
        cores = ranges.numbers(ranges.clipped(held.cores, _cores(machine)))
        memory = ranges.clipped(held.memory, machine.memory // UNIT)
        return Taken(
            cores=frozenset(cores).intersection(machine.cores),
            gpus=held.gpus.intersection(gpu.uuid for gpu in machine.gpus),
            memory=ranges.size(memory),
        )

    def _claimed(self, devices: Devices, known: set[str]) -> OwnClaim | None:
        """Claim what was taken, and look once more: somebody may have come by another table.

        The claims that are ``known`` are of other devices, and stay so.

        Whoever sees that another one claims the same lets go of it. As both make their claim
        before they look, at least one of them does.
        """
        try:
            claim = OwnClaim(self._folder, self._claim, devices)
        except OverflowError:
            raise unusable("a claim would be too long") from None
        try:
            names = set(self._folder.names(PREFIX)) - known - {claim.name}
            others = self.claims.look(names)
        except BaseException:
            claim.close()
            raise
        if any(one.devices.overlaps(devices) for one in others):
            claim.close()
            return None
        return claim


def _cores(machine: Inventory) -> int:
    """The number behind that of its last core."""
    return max(machine.cores, default=-1) + 1
