"""The line before somebody who waits: everybody that was there when he came, and still waits.

A place that turns up later is behind him, whatever number it bears. So a number that somebody made
up brings nothing.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from runner.allocation.queue.rule import covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.allocation.locks.places import Place, Places
    from runner.spec.workflow import Resources

_LIVES_SECONDS = 1.0
# who could start and does not, for as long as that, is stopped or asleep: it is passed over
_READY_SECONDS = 5.0
# looks that lie further apart than this do not tell that it was so in between
_LOOKS_APART_SECONDS = 3.0


class Line:
    """Who waits before one that asks for something."""

    def __init__(self, places: Places, asked: Resources) -> None:
        self._places = places
        self._asked = asked
        self._before: list[Place] = []
        self._gone: set[Place] = set()
        self._live: dict[str, float] = {}
        self._ready: dict[str, float] = {}
        self._looked = 0.0
        self.passed_over: list[Place] = []

    def __len__(self) -> int:
        return len(self._before)

    def stand_behind(self, line: Iterable[Place]) -> None:
        """Take note of all that are there."""
        self._before = [place for place in line if place not in self._gone]

    def noted(self) -> list[Place]:
        """Those before it, in order; some may be gone."""
        return list(self._before)

    def ahead(self) -> list[Place]:
        """Those that wait before it now, in order.

        Who leaves takes his place away, which is seen at once; only who was killed leaves it there.
        """
        if self._before:
            there = set(self._places.names())
            self._before = [
                place for place in self._before if place.name in there and self._is_live(place)
            ]
        return self.noted()

    def cover(self) -> Place | None:
        """The nearest one as long as which waits it cannot start, either."""
        for place in reversed(list(self._before)):
            if not covers(self._places.asked(place), self._asked):
                continue
            if self._is_live(place, lately=False):
                return place
            self._before.remove(place)
        return None

    def note(self, ready: Sequence[Place]) -> bool:
        """Those ``ready`` could start now: who does not for long enough counts no more.

        Returns whether there are such that still count.
        """
        now = time.monotonic()
        lately = now - self._looked <= _LOOKS_APART_SECONDS
        self._looked = now
        self._ready = {
            place.name: self._ready.get(place.name, now) if lately else now for place in ready
        }
        late = [place for place in ready if now - self._ready[place.name] >= _READY_SECONDS]
        self.passed_over += late
        self._before = [place for place in self._before if place not in late]
        return len(late) < len(ready)

    def _is_live(self, place: Place, *, lately: bool = True) -> bool:
        """Whether somebody waits there; ``lately``: or did a moment ago."""
        now = time.monotonic()
        if lately and now - self._live.get(place.name, -_LIVES_SECONDS) < _LIVES_SECONDS:
            return True
        if self._places.is_live(place):
            self._live[place.name] = now
            return True
        # for good: nobody comes back to life in front of others
        self._gone.add(place)
        return False
