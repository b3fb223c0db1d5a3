"""What is kept free for those that wait: as much as they could ever hold at the same time. Pure."""

from __future__ import annotations

from functools import cmp_to_key
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.matching.fitting import (
    UNIT,
    Choice,
    Taken,
    choose,
    fair_share,
    fewest_cores,
    free_gpus,
    shortage,
    suitable,
    units,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from runner.allocation.inventory import Inventory
    from runner.spec.workflow import GpuRequest, Resources


def is_awaited(asked: Resources, machine: Inventory) -> bool:
    """Whether anything is kept for a request: it takes something, and may have it some day."""
    return _need(asked, machine) is not None


class _Need(NamedTuple):
    """What one request takes: at least ``fewest`` cores, at most ``cores`` of them."""

    fewest: int
    cores: int
    memory: int
    gpus: int
    usable: frozenset[str]


class _Item(NamedTuple):
    """Requests that are alike: what each counts, what each uses up, and how many there are."""

    value: int
    weight: int
    number: int


class Kept:
    """A machine in use, with those that wait for it, as they are added in their order."""

    def __init__(self, machine: Inventory, taken: Taken) -> None:
        self._machine = machine
        self._taken = taken
        # what nobody can have any more, as last found: it only grows
        self._gone = taken
        self._waiting: dict[_Need, int] = {}
        self._kinds: dict[frozenset[str], GpuRequest] = {}
        self._needs: dict[Resources, _Need | None] = {}
        self._stuck: set[Resources] = set()

    def wait(self, asked: Resources) -> None:
        """One more waits. Nothing is kept for what this machine could never serve."""
        need = self._need(asked)
        if need is not None:
            self._waiting[need] = self._waiting.get(need, 0) + 1
            if asked.gpu is not None and need.usable:
                self._kinds.setdefault(need.usable, asked.gpu)

    def take(self, choice: Choice) -> None:
        """Somebody starts."""
        self._taken = self._taken.and_also(choice)
        self._gone = self._gone.and_also(choice)

    def choice(self, asked: Resources) -> Choice | None:
        """What it would start with, behind those that wait; ``None``: it has to wait, too."""
        if asked in self._stuck:
            return None  # whoever is like an earlier one that waits is no better off
        choice = choose(asked, self._machine, self._gone)
        if choice is not None:
            choice = choose(asked, self._machine, self.room(asked))
        if choice is None:
            self._stuck.add(asked)
        return choice

    def room(self, asked: Resources) -> Taken:
        """What is not to be had for a request: what is taken, and what is kept."""
        cores = [core for core in self._machine.cores if core not in self._taken.cores]
        keep = self._together(lambda need: need.cores, len(self._machine.cores))
        gpus: set[str] = set(self._taken.gpus)
        if asked.gpu is not None:
            for usable, kind in self._kinds.items():
                free = len(free_gpus(kind, self._machine, self._taken))
                if free - self._together(_gpus_of(usable), len(usable)) < asked.gpu.count:
                    gpus |= usable
        self._gone = Taken(
            self._taken.cores.union(cores[max(0, len(cores) - keep) :]),
            self._taken.gpus,
            self._taken.memory + self._together(lambda need: need.memory, self._memory),
        )
        return self._gone._replace(gpus=frozenset(gpus))

    @property
    def _memory(self) -> int:
        return self._machine.memory // UNIT

    def _need(self, asked: Resources) -> _Need | None:
        if asked not in self._needs:
            self._needs[asked] = _need(asked, self._machine)
        return self._needs[asked]

    def _together(self, value: Callable[[_Need], int], there: int) -> int:
        """How much those that wait could hold of something at the same time, at most.

        An exact answer would take long to find (a knapsack with several sizes); this one looks at
        each thing they need alone, and never comes to too little.
        """
        uses: list[tuple[Callable[[_Need], int], int]] = [
            (lambda need: need.fewest, len(self._machine.cores)),
            (lambda need: need.memory, self._memory),
            *((_gpus_within(usable), len(usable)) for usable in self._kinds),
        ]
        return min(
            there,
            *(
                _most(
                    [
                        _Item(value(need), use(need), number)
                        for need, number in self._waiting.items()
                    ],
                    room,
                )
                for use, room in uses
            ),
        )


def _need(asked: Resources, machine: Inventory) -> _Need | None:
    """``None``: it takes nothing, or more than this machine ever has.

    Limits that hold for one user need not hold for the next: of what another one waits for and
    this one may not use all, as much is needed as this one may use.
    """
    if shortage(asked, machine) is not None and not _has_unlimited(asked, machine):
        return None
    gpus = suitable(asked.gpu, machine) if asked.gpu else []
    need = _Need(
        fewest=min(fewest_cores(asked), len(machine.cores)),
        cores=min(fair_share(asked, machine) or 0, len(machine.cores)),
        memory=min(units(asked.memory or 0), machine.memory // UNIT),
        gpus=min(asked.gpu.count if asked.gpu else 0, len(gpus)),
        usable=frozenset(gpu.uuid for gpu in gpus),
    )
    return need if need.cores or need.memory or need.gpus else None


def _has_unlimited(asked: Resources, machine: Inventory) -> bool:
    """Whether the machine may have enough, were it not for limits.

    Who wants no GPU has not looked for any, and cannot tell what others wait for.
    """
    unseen = not machine.gpus and machine.no_gpus is None
    there = {"cpu": len(machine.cores), "memory": machine.memory, "gpu": 0}
    if asked.gpu is not None:
        there["gpu"] = len(suitable(asked.gpu, machine))
    for limit in machine.limits:
        there[limit.key] = max(limit.there, there.get(limit.key, 0))
    return (
        fewest_cores(asked) <= there["cpu"]
        and (asked.memory or 0) <= there["memory"]
        and (asked.gpu is None or unseen or asked.gpu.count <= there["gpu"])
    )


def _gpus_of(kind: frozenset[str]) -> Callable[[_Need], int]:
    """How many GPUs of a kind a request may take."""
    return lambda need: 0 if kind.isdisjoint(need.usable) else need.gpus


def _gpus_within(kind: frozenset[str]) -> Callable[[_Need], int]:
    """How many GPUs of a kind a request must take."""
    return lambda need: need.gpus if need.usable <= kind else 0


def _most(items: Iterable[_Item], room: int) -> int:
    """The largest value that fits into a room, were the last item divisible: never too little."""
    total = 0
    for item in sorted((item for item in items if item.value), key=cmp_to_key(_denser)):
        whole = item.number if item.weight == 0 else min(item.number, room // item.weight)
        total += whole * item.value
        room -= whole * item.weight
        if whole < item.number:
            return total + item.value * room // item.weight
    return total


def _denser(one: _Item, two: _Item) -> int:
    return two.value * one.weight - one.value * two.weight
