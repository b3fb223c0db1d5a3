"""Who holds and who waits, as others are told."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runner.allocation.interface import Holder, Waiter
from runner.allocation.locks import ranges
from runner.allocation.locks.claims import now
from runner.allocation.locks.who import user
from runner.allocation.matching.fitting import UNIT, short_of, suitable
from runner.allocation.queue.forecast import FURTHEST, Forecast, forecast
from runner.allocation.queue.rule import KEPT
from runner.events import Waiting
from runner.units import amount, duration, numbered

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from runner.allocation.inventory import Gpu, Inventory
    from runner.allocation.locks.claims import Held
    from runner.allocation.locks.places import Content, Place, Places
    from runner.allocation.waiting.attempt import View
    from runner.events import Observer
    from runner.spec.workflow import Resources

_TELL_SECONDS = 1.0
# a machine has fewer, whatever somebody writes
_MOST_CORES = 1 << 14
_CHOOSING = "a look at the devices"
_NOBODY = "somebody who does not say so"


class Teller:
    """Tells an observer what a request waits for, when something of it has changed."""

    def __init__(self, places: Places, asked: Resources, observer: Observer) -> None:
        self._places = places
        self._asked = asked
        self._observer = observer
        self._last: Waiting | None = None
        self._told = 0.0

    def stuck(self, ahead: Sequence[Place], inside: str) -> None:
        """Nobody can choose devices, as somebody does not come to an end of it."""
        place = len(ahead) + 1
        self._notify(Waiting(_CHOOSING, place, place, (f"{inside}: chooses devices",)))

    def waiting(self, lacking: str, ahead: Sequence[Place], view: View) -> None:
        """It waits, and for what."""
        if self._last is not None and time.monotonic() - self._told < _TELL_SECONDS:
            return
        soon = self._forecast(ahead, view)
        self._notify(
            Waiting(
                short_of=lacking or short_of(self._asked, view.machine, view.taken) or KEPT,
                place=len(ahead) + 1,
                places=max(len(ahead) + 1, len(self._places.line())),
                holders=holders_in_words(self._asked, view),
                likely=soon.likely,
                at_most=soon.at_most,
                runs=tuple(claim.run for claim in view.claims),
            )
        )

    def _forecast(self, ahead: Sequence[Place], view: View) -> Forecast:
        if len(ahead) > FURTHEST:
            return Forecast(None, None)  # and nobody is read about
        contents = (self._places.content(place) for place in ahead)
        return forecast(
            [holder(claim) for claim in view.claims],
            [waiter(content) for content in contents if content is not None],
            self._asked,
            view.machine,
            view.taken,
        )

    def _notify(self, event: Waiting) -> None:
        if event != self._last:
            self._last = event
            self._told = time.monotonic()
            self._observer.notify(event)


def holder(held: Held) -> Holder:
    """A claim, as others see it."""
    moment = now()
    memory = ranges.size(held.devices.memory)
    return Holder(
        run=held.run,
        user=user(held.uid),
        cores=tuple(ranges.numbers(ranges.clipped(held.devices.cores, _MOST_CORES))),
        gpus=tuple(sorted(held.devices.gpus)),
        memory=memory * UNIT if memory else None,
        since=None if held.since is None else max(0.0, moment - held.since),
        likely=None if held.likely is None else max(0.0, held.likely - moment),
        at_most=None if held.at_most is None else max(0.0, held.at_most - moment),
    )


def waiter(content: Content) -> Waiter:
    """A place, as others see it."""
    return Waiter(
        run=content.run,
        user=user(content.uid),
        asked=content.asked,
        since=None if content.since is None else max(0.0, now() - content.since),
        usual=content.usual,
        limit=content.limit,
    )


def holders_in_words(asked: Resources, view: View) -> tuple[str, ...]:
    """Who has what ``asked`` could use: ``bob's calm-moth-1: GPUs 0, 1 for 12m00s``."""
    return (*_claimed(asked, view), *_unclaimed(asked, view), *_foreign(asked, view))


def _claimed(asked: Resources, view: View) -> Iterator[str]:
    for claim in view.claims:
        one = holder(claim)
        what = [*_cores(asked, view.machine, set(one.cores)), *_gpus(asked, view, set(one.gpus))]
        if asked.memory is not None and one.memory:
            what.append(f"{amount(one.memory)} of memory")
        if what:
            since = "" if one.since is None else f" for {duration(one.since)}"
            yield f"{one.user}'s {one.run}: {', '.join(what)}{since}"


def _unclaimed(asked: Resources, view: View) -> Iterator[str]:
    """What is held in the table and in no claim."""
    cores = set(view.taken.cores)
    gpus = set(view.taken.gpus)
    for claim in view.claims:
        cores.difference_update(
            ranges.numbers(ranges.clipped(claim.devices.cores, _MOST_CORES)),
        )
        gpus -= claim.devices.gpus
    what = [*_cores(asked, view.machine, cores), *_gpus(asked, view, gpus)]
    if what:
        yield f"{_NOBODY}: {', '.join(what)}"


def _foreign(asked: Resources, view: View) -> Iterator[str]:
    """Processes that compute on GPUs nobody has leased."""
    for gpu in _usable(asked, view.machine):
        if gpu.uuid in view.taken.gpus:
            continue
        for process in gpu.busy:
            whose = f" of {process.user}" if process.user else ""
            named = f"{process.program} " if process.program else ""
            yield f"{named}(process {process.pid}{whose}): GPU {gpu.index}".strip()


def _cores(asked: Resources, machine: Inventory, held: set[int]) -> Iterator[str]:
    if asked.cpu is None and asked.gpu is None:
        return
    cores = [core for core in machine.cores if core in held]
    if cores and (asked.cpu is not None or len(cores) == len(machine.cores)):
        yield numbered("core", cores)


def _gpus(asked: Resources, view: View, held: set[str]) -> Iterator[str]:
    gpus = [gpu.index for gpu in _usable(asked, view.machine) if gpu.uuid in held]
    if gpus:
        yield numbered("GPU", gpus)


def _usable(asked: Resources, machine: Inventory) -> list[Gpu]:
    return [] if asked.gpu is None else suitable(asked.gpu, machine)
