"""Runs that come, wait, go on for a while and end, on a machine that is only thought of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from runner.allocation.inventory import Inventory
from runner.allocation.matching.fitting import (
    NOTHING_TAKEN,
    Choice,
    Taken,
    choose,
    free_gpus,
    free_memory,
    units,
)
from runner.allocation.queue.rule import Start, may_start
from runner.spec.workflow import Resources


def lacks(asked: Resources, there: Inventory, taken: Taken) -> tuple[int, int, int]:
    """How many cores, GPUs and units of memory are still wanting."""
    cores = sum(core not in taken.cores for core in there.cores)
    gpus = len(free_gpus(asked.gpu, there, taken)) if asked.gpu else 0
    return (
        max(0, (asked.cpu or 0) - cores),
        max(0, (asked.gpu.count if asked.gpu else 0) - gpus),
        max(0, units(asked.memory or 0) - free_memory(there, taken)),
    )


class Coming(NamedTuple):
    """A run: when it comes, what it asks for, how long it goes on once started."""

    at: int
    asked: Resources
    lasts: int


Rule = Callable[[Sequence[Resources], Resources, Inventory, Taken], Choice | None]


def as_decided(
    ahead: Sequence[Resources], me: Resources, machine: Inventory, taken: Taken
) -> Choice | None:
    """What wf does."""
    found = may_start(ahead, me, machine, taken)
    return found.choice if isinstance(found, Start) else None


def one_by_one(
    ahead: Sequence[Resources], me: Resources, machine: Inventory, taken: Taken
) -> Choice | None:
    """Nobody passes anybody."""
    return None if ahead else choose(me, machine, taken)


def starts(
    coming: Sequence[Coming],
    machine: Inventory,
    rule: Rule = as_decided,
    held: Sequence[tuple[Taken, int]] = (),
) -> list[int | None]:
    """When each run starts; those that come at one time stand in the order given.

    ``held`` is what others have from the beginning, and until when.
    """
    order = sorted(range(len(coming)), key=lambda index: coming[index].at)
    found: list[int | None] = [None] * len(coming)
    ends = [(until, what) for what, until in held]
    taken = NOTHING_TAKEN
    for what, _ in held:
        taken = Taken(taken.cores | what.cores, taken.gpus | what.gpus, taken.memory + what.memory)
    times = {one.at for one in coming} | {until for until, _ in ends}
    while times:
        now = min(times)
        times.discard(now)
        for until, what in ends:
            if until == now:
                taken = taken.without(what)
        line = [index for index in order if coming[index].at <= now and found[index] is None]
        waiting: list[int] = []
        for index in line:
            asked = coming[index].asked
            choice = rule([coming[other].asked for other in waiting], asked, machine, taken)
            if choice is None:
                waiting.append(index)
                continue
            found[index] = now
            taken = taken.and_also(choice)
            end = now + coming[index].lasts
            ends.append((end, NOTHING_TAKEN.and_also(choice)))
            times.add(end)
    return found
