"""Who of those that wait may start: in order of arrival, with harmless overtaking. Pure.

Whoever starts leaves as much free as those before it could ever hold at the same time, of each
thing it takes; where there is less than that, it takes none of it. So nobody starts later than if
it had been alone with those before it and nobody had been passed: see
``docs/explanation/decisions/queue.md``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.matching.fitting import (
    UNIT,
    Choice,
    Taken,
    choose,
    fewest_cores,
    free_gpus,
    free_memory,
    gpus_asked,
    short_of,
    units,
)
from runner.allocation.queue.kept import Kept
from runner.units import amount, count, listed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.allocation.inventory import Inventory
    from runner.spec.workflow import GpuRequest, Resources


KEPT = "kept for earlier runs"
"""Why something is not to be had that is free."""


class Overtaken(NamedTuple):
    """An earlier one, by its index, that cannot start: it is short of something, in words."""

    which: int
    short_of: str


class Start(NamedTuple):
    """It may start now, with these devices.

    ``passed`` are those before it that cannot; ``ready`` are the indexes of those that can.
    """

    choice: Choice
    passed: tuple[Overtaken, ...] = ()
    ready: tuple[int, ...] = ()


class Held(NamedTuple):
    """It has to wait, as it is short of something, in words.

    ``reserved``: enough is free, but kept for those before it. ``ready`` are the indexes of those
    before it that can start now.
    """

    short_of: str
    reserved: bool = False
    ready: tuple[int, ...] = ()


def may_start(
    ahead: Sequence[Resources], me: Resources, machine: Inventory, taken: Taken
) -> Start | Held:
    """Whether a request may start now that came after those ``ahead``, all of which still wait.

    ``taken`` is what others hold.
    """
    kept = Kept(machine, taken)
    ready = []
    for index, asked in enumerate(ahead):
        if kept.choice(asked) is not None:
            ready.append(index)
        kept.wait(asked)
    room = kept.room(me)
    choice = choose(me, machine, room)
    if choice is None:
        lacking = short_of(me, machine, taken)
        return Held(lacking or _kept_of(me, machine, taken, room), not lacking, tuple(ready))
    passed = (
        Overtaken(index, short_of(asked, machine, taken) or KEPT)
        for index, asked in enumerate(ahead)
        if index not in ready
    )
    return Start(choice, tuple(passed), tuple(ready))


def starters(
    waiting: Sequence[Resources], machine: Inventory, taken: Taken
) -> Iterator[tuple[int, Choice]]:
    """Who of all that wait starts now, in their order, each beside those that did before it."""
    kept = Kept(machine, taken)
    for index, asked in enumerate(waiting):
        choice = kept.choice(asked)
        if choice is None:
            kept.wait(asked)
        else:
            kept.take(choice)
            yield index, choice


def covers(earlier: Resources, later: Resources) -> bool:
    """Whether the later one cannot start as long as the earlier one cannot.

    It asks for no less of anything, and takes no GPU that the earlier one would not.
    """
    if (earlier.cpu, earlier.memory, earlier.gpu) == (None, None, None):
        return False
    return (
        fewest_cores(earlier) <= fewest_cores(later)
        and units(earlier.memory or 0) <= units(later.memory or 0)
        and (earlier.gpu is None or (later.gpu is not None and _wider(earlier.gpu, later.gpu)))
    )


def _wider(earlier: GpuRequest, later: GpuRequest) -> bool:
    named = {name.lower() for name in earlier.names}
    return (
        earlier.count <= later.count
        and (not earlier.among or bool(later.among and {*earlier.among} >= {*later.among}))
        and (not named or bool(later.names and named.issuperset(map(str.lower, later.names))))
        and (earlier.memory or 0) <= (later.memory or 0)
        and (
            earlier.most_memory is None
            or (later.most_memory is not None and later.most_memory <= earlier.most_memory)
        )
    )


def _kept_of(asked: Resources, machine: Inventory, taken: Taken, room: Taken) -> str:
    """What is free and kept, of what it asks for."""
    kept = []
    cores = sum(core not in taken.cores for core in machine.cores)
    if sum(core not in room.cores for core in machine.cores) < fewest_cores(asked):
        kept.append(f"{count(fewest_cores(asked), 'core')} ({cores} free, {KEPT})")
    if asked.gpu is not None and len(free_gpus(asked.gpu, machine, room)) < asked.gpu.count:
        gpus = len(free_gpus(asked.gpu, machine, taken))
        kept.append(f"{gpus_asked(asked.gpu)} ({gpus} free, {KEPT})")
    if asked.memory is not None and units(asked.memory) > free_memory(machine, room):
        memory = amount(free_memory(machine, taken) * UNIT)
        kept.append(f"{amount(asked.memory)} of memory ({memory} free, {KEPT})")
    return listed(kept)
