"""When a run that waits will probably start, and when at the latest. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple, Protocol

from runner.allocation.matching.fitting import NOTHING_TAKEN, Choice, Taken, choose, units
from runner.allocation.queue.kept import is_awaited
from runner.allocation.queue.rule import starters

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.allocation.interface import Holder, Waiter
    from runner.allocation.inventory import Inventory
    from runner.spec.workflow import Resources

FURTHEST = 100
"""Behind more than so many, a guess is worth less than the time it takes."""


class Forecast(NamedTuple):
    """In how many seconds a run starts; ``None``: nobody can tell."""

    likely: float | None
    at_most: float | None


class _Waits(NamedTuple):
    """Somebody who waits, and how long it will go on once started; ``None``: nobody knows."""

    asked: Resources
    lasts: float | None = None


class _End(NamedTuple):
    """Something that is given back, in so many seconds from now."""

    at: float
    what: Taken


class _Rule(Protocol):
    def __call__(
        self, waiting: Sequence[Resources], taken: Taken, /
    ) -> Iterable[tuple[int, Choice]]:
        """Who of all that wait starts now."""


def forecast(
    holders: Sequence[Holder],
    ahead: Sequence[Waiter],
    me: Resources,
    machine: Inventory,
    taken: Taken,
) -> Forecast:
    """When ``me`` starts, behind those ``ahead``, if all end as they say.

    ``taken`` is all that others hold now; what no holder accounts for is never given back.
    ``at_most`` holds even if nobody passes anybody and all take as long as they may.
    """
    if len(ahead) > FURTHEST:
        return Forecast(None, None)
    accounted = {uuid for holder in holders for uuid in holder.gpus}
    machine = replace(
        machine,
        gpus=tuple(replace(gpu, busy=()) if gpu.uuid in accounted else gpu for gpu in machine.gpus),
    )
    waiting = [
        (one.asked, _known(one.usual, one.limit), one.limit)
        for one in ahead
        if one.asked is not None and is_awaited(one.asked, machine)
    ]
    likely = _simulated(
        [(_held(one), _known(one.likely, one.at_most)) for one in holders],
        [*(_Waits(asked, lasts) for asked, lasts, _ in waiting), _Waits(me)],
        taken,
        lambda line, held: starters(line, machine, held),
    )
    at_most = _simulated(
        [(_held(one), one.at_most) for one in holders],
        [*(_Waits(asked, lasts) for asked, _, lasts in waiting), _Waits(me)],
        taken,
        lambda line, held: _in_order(line, machine, held),
    )
    return Forecast(likely, at_most)


def _simulated(
    held: Iterable[tuple[Taken, float | None]], waiting: list[_Waits], taken: Taken, rule: _Rule
) -> float | None:
    """When the last of those that wait starts; the first rows are what is held until when."""
    now = 0.0
    ends = [_End(max(at, 0.0), what) for what, at in held if at is not None]
    while True:
        started = dict(rule([one.asked for one in waiting], taken))
        if len(waiting) - 1 in started:
            return now
        for index, choice in started.items():
            taken = taken.and_also(choice)
            lasts = waiting[index].lasts
            if lasts is not None:
                ends.append(_End(now + lasts, NOTHING_TAKEN.and_also(choice)))
        waiting = [one for index, one in enumerate(waiting) if index not in started]
        if not ends:
            return None
        now = min(end.at for end in ends)
        for end in ends:
            if end.at <= now:
                taken = taken.without(end.what)
        ends = [end for end in ends if end.at > now]


def _in_order(
    waiting: Sequence[Resources], machine: Inventory, taken: Taken
) -> Iterable[tuple[int, Choice]]:
    """Who starts where nobody may pass anybody."""
    for index, asked in enumerate(waiting):
        choice = choose(asked, machine, taken)
        if choice is None:
            return
        taken = taken.and_also(choice)
        yield index, choice


def _known(*seconds: float | None) -> float | None:
    return next((one for one in seconds if one is not None), None)


def _held(holder: Holder) -> Taken:
    return Taken(frozenset(holder.cores), frozenset(holder.gpus), units(holder.memory or 0))
