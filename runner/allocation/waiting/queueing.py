"""The way of a request from its arrival to its devices, through the queue if need be.

Somebody who cannot start as long as an earlier one cannot sleeps in the kernel until that one has
left. Only those that nobody covers so look at what is free, many times a second; of requests that
are alike, that is the first.
"""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.interface import Passed, Turn
from runner.allocation.locks.places import OwnPlace, Places, next_number
from runner.allocation.locks.who import user
from runner.allocation.matching.fitting import short_of
from runner.allocation.waiting.attempt import Denied
from runner.allocation.waiting.line import Line
from runner.allocation.waiting.sleeping import Sleeper
from runner.allocation.waiting.told import Teller, holders_in_words
from runner.errors import BUSY, WfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.allocation.interface import Claim
    from runner.allocation.locks.folder import LockFolder
    from runner.allocation.locks.places import Place
    from runner.allocation.waiting.attempt import Attempt, Grant, View
    from runner.events import Observer
    from runner.spec.workflow import Resources

_TICK_SECONDS = 0.05
# a look is followed by a rest that is so many times as long
_REST_TIMES = 20
# even if nothing seems to have changed
_LOOK_SECONDS = 1.0
# who sleeps looks up that often, and less often the further behind
_NAP_SECONDS = 5.0
_NEAR = 10
_TRIES = 20


class Asking(NamedTuple):
    """Who asks for what; ``wait``: stand in the queue if it is not free."""

    asked: Resources
    claim: Claim
    observer: Observer
    wait: bool


class Granted(NamedTuple):
    """What was had, and how."""

    grant: Grant
    turn: Turn


class Queue:
    """One request's way through the queue."""

    def __init__(self, folder: LockFolder, attempt: Attempt, asking: Asking) -> None:
        self._folder = folder
        self._attempt = attempt
        self._asking = asking
        self._places = Places(folder)
        self._line = Line(self._places, asking.asked)
        self._place: OwnPlace | None = None
        self._sleeper = Sleeper(folder)
        self._teller = Teller(self._places, asking.asked, asking.observer)
        self._arrived = time.monotonic()
        self._seen: View | None = None
        # the processor time that the last look took, in seconds
        self._cost = 0.0
        # somebody in front could start, and does not
        self._alert = False

    def granted(self) -> Granted:
        """Have the devices.

        Raises:
            WfError: kind ``BUSY`` when they are not free and nobody wants to wait; kind
                ``STORAGE`` when the lock folder cannot be used.
        """
        try:
            found = self._look() if self._asking.wait else self._at_once()
            while found is None:
                self._rest()
                self._attempt.look_anew()
                found = self._look()
            return found
        finally:
            if self._place is not None:
                self._place.leave()

    def _at_once(self) -> Granted:
        """Have the devices now or never."""
        found, view = self._try()
        for _ in range(_TRIES):
            if not isinstance(found, Denied):
                return found
            if found.again:
                time.sleep(_jittered(_TICK_SECONDS))
            elif not self._saw_more(view):
                break
            found, view = self._try()
        if isinstance(found, Denied):
            raise self._busy(found.short_of, view)
        return found

    def _look(self) -> Granted | None:
        """Have the devices, unless they are not free or kept for somebody in front."""
        while True:
            if self._place is None and self._covered_from_the_start():
                return None
            found, view = self._try()
            if not isinstance(found, Denied):
                return found
            ahead = self._line.ahead()
            self._teller.waiting(found.short_of, ahead, view)
            if not self._saw_more(view):
                return None

    def _saw_more(self, view: View) -> bool:
        """Look at what was not seen yet, or not for long; whether there was something."""
        ahead = (self._places.asked(place) for place in self._line.noted())
        return (
            self._attempt.claims.ask()
            or self._attempt.look_wider(ahead)
            or self._attempt.look_anew(view)
        )

    def _try(self) -> tuple[Granted | Denied, View]:
        """Have a look and take the devices if they are to be had.

        Who already waits makes up its mind first, and goes through the gate only to take: many that
        look at once would else wait there for each other.
        """
        began = time.thread_time()
        try:
            if self._place is not None:
                view, ahead = self._view()
                decided = self._attempt.decide(view, [self._places.asked(one) for one in ahead])
                if isinstance(decided, Denied):
                    return self._denied(decided, ahead), view
            return self._try_in_the_gate()
        finally:
            self._cost = time.thread_time() - began

    def _try_in_the_gate(self) -> tuple[Granted | Denied, View]:
        self._line.ahead()  # those that are gone are found out before the gate is shut
        with self._attempt.table.gate(self._stuck):
            line = self._places.line() if self._place is None else []
            if self._place is None:
                self._line.stand_behind(line)
            view, ahead = self._view()
            outcome = self._attempt.take(view, [self._places.asked(one) for one in ahead])
            if not isinstance(outcome, Denied):
                turn = self._turn(ahead, outcome)
                self._leave()
                return Granted(outcome, turn), view
            self._join(line)
        return self._denied(outcome, ahead), view

    def _view(self) -> tuple[View, list[Place]]:
        self._seen = self._attempt.view()
        return self._seen, self._line.ahead()

    def _denied(self, outcome: Denied, ahead: Sequence[Place]) -> Denied:
        self._alert = self._line.note([ahead[index] for index in outcome.ready])
        return outcome

    def _covered_from_the_start(self) -> bool:
        """Whether somebody is there as long as whom it need not look; it is in the queue then."""
        with self._attempt.table.gate(self._stuck):
            line = self._places.line()
            self._line.stand_behind(line)
            if self._line.cover() is None:
                return False
            self._join(line)
        self._teller.waiting("", self._line.noted(), self._attempt.view())
        return True

    def _join(self, line: Sequence[Place]) -> None:
        """Take the place behind all of ``line``, in the gate; one is kept."""
        if self._place is None and self._asking.wait:
            asking = self._asking
            self._place = OwnPlace(self._folder, line, asking.asked, asking.claim)

    def _leave(self) -> None:
        if self._place is not None:
            self._place.leave()

    def _rest(self) -> None:
        """Do nothing until it may be worth a look."""
        slept = False
        while not self._alert and (cover := self._line.cover()) is not None:
            slept = True
            place = len(self._line)
            if not self._sleeper.sleep(cover.name, _jittered(_NAP_SECONDS * max(1, place / _NEAR))):
                continue
            view = self._attempt.view()
            self._teller.waiting("", self._line.ahead(), view)
            if not short_of(self._asking.asked, view.machine, view.taken):
                return  # what it asks for is free: do those in front know?
        if not slept:
            self._tick()

    def _tick(self) -> None:
        """Rest until something has changed, but not for long.

        Who has many in front takes long to look, and rests longer: the first one is served first,
        and all of them together leave the machine to those that use it.
        """
        seen = self._seen
        long = seen is not None and seen.settled
        until = time.monotonic() + (_LOOK_SECONDS if long else 0.0)
        rest = max(_TICK_SECONDS, min(_LOOK_SECONDS, self._cost * _REST_TIMES))
        while True:
            time.sleep(_jittered(rest))
            if time.monotonic() >= until or seen is None or self._attempt.traces() != seen.traces:
                return

    def _turn(self, ahead: Sequence[Place], grant: Grant) -> Turn:
        """How it came to this, told while those that were passed are still there."""
        number = None
        if self._place is not None:
            number = self._place.number
        elif ahead:
            number = next_number(ahead)
        lacking = {one.which: one.short_of for one in grant.passed}
        passed = [
            *((place, _STOPPED) for place in self._line.passed_over),
            *((place, lacking.get(index, _READY)) for index, place in enumerate(ahead)),
        ]
        return Turn(
            number=number,
            waited=0.0 if self._place is None else time.monotonic() - self._arrived,
            passed=tuple(filter(None, (self._passed(place, why) for place, why in passed))),
        )

    def _passed(self, place: Place, why: str) -> Passed | None:
        """``None``: it was not passed, as it is gone."""
        content = self._places.content(place)
        if content is None:
            return None
        return Passed(content.run, user(content.uid), why)

    def _stuck(self, inside: str) -> None:
        if self._asking.wait:
            self._teller.stuck(self._line.ahead(), inside)
            return
        raise WfError(
            BUSY,
            f"devices cannot be chosen: {inside} has been at it for 5 seconds",
            hint="if it is stopped, `kill -CONT` lets it go on; leave out --no-wait to wait for it",
        )

    def _busy(self, lacking: str, view: View) -> WfError:
        holders = "; ".join(holders_in_words(self._asking.asked, view))
        return WfError(
            BUSY,
            f"devices are busy: {lacking}{'; held by ' if holders else ''}{holders}",
            hint="leave out --no-wait to wait for it; `wf runners` says when it is probably free",
        )


_STOPPED = "nothing: it could start, and did not"
_READY = "nothing: it could start, too"


def _jittered(seconds: float) -> float:
    """About as long, so that not all look at once."""
    return seconds * (0.75 + os.urandom(1)[0] / 512)
