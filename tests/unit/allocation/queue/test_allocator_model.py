"""The whole allocator as a machine of states: runs come, start, end and give up, in any order."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, initialize, invariant, rule

from runner.allocation.inventory import Inventory
from runner.allocation.matching.fitting import (
    NOTHING_TAKEN,
    UNIT,
    Choice,
    Taken,
    free_gpus,
    shortage,
)
from runner.allocation.queue.rule import Start, covers, may_start
from tests.fakes.demands import fitting, machines, requests, shops
from tests.fakes.schedules import lacks

if TYPE_CHECKING:
    from runner.spec.workflow import Resources


class Allocator(RuleBasedStateMachine):
    """Runs are numbers, in the order in which they came."""

    runs = Bundle("runs")

    def __init__(self) -> None:
        super().__init__()
        self.there = Inventory((0,), 0)
        self.waiting: dict[int, Resources] = {}
        self.held: dict[int, Choice] = {}
        self.came = 0

    @property
    def taken(self) -> Taken:
        taken = NOTHING_TAKEN
        for choice in self.held.values():
            taken = taken.and_also(choice)
        return taken

    def look(self, run: int) -> Start | None:
        """What a run finds that asks whether it may start; it starts if it may."""
        asked, taken = self.waiting[run], self.taken
        ahead = [other for other in self.waiting if other < run]
        found = may_start([self.waiting[other] for other in ahead], asked, self.there, taken)
        if not isinstance(found, Start):
            return None
        ready = [ahead[index] for index in found.ready]
        assert not any(covers(self.waiting[other], asked) for other in set(ahead) - set(ready))
        if ahead and ahead[0] not in ready:
            first = self.waiting[ahead[0]]
            after = taken.and_also(found.choice)
            assert lacks(first, self.there, after) == lacks(first, self.there, taken)
        self.held[run] = found.choice
        del self.waiting[run]
        return found

    @initialize(there=shops() | machines())
    def begin(self, there: Inventory) -> None:
        self.there = there

    @rule(target=runs, data=st.data())
    def arrive(self, data: st.DataObject) -> int:
        self.came += 1
        mixed = len({gpu.name for gpu in self.there.gpus}) != 1
        asked = data.draw(requests() if mixed else fitting(self.there))
        if shortage(asked, self.there) is None:  # others are refused
            self.waiting[self.came] = asked
        return self.came

    @rule(run=runs)
    def ask(self, run: int) -> None:
        if run in self.waiting:
            self.look(run)

    @rule(run=consumes(runs))
    def go(self, run: int) -> None:
        """It ends, or dies while it waits."""
        self.held.pop(run, None)
        self.waiting.pop(run, None)

    @rule(data=st.data())
    def all_ask(self, data: st.DataObject) -> None:
        """In any order; whoever is named as one that can start now, can."""
        for run in data.draw(st.permutations(sorted(self.waiting))):
            self.look(run)

    @invariant()
    def no_device_is_held_twice(self) -> None:
        devices: Counter[object] = Counter()
        for choice in self.held.values():
            devices.update(choice.cores or ())
            devices.update(gpu.uuid for gpu in choice.gpus)
        assert not devices or max(devices.values()) == 1
        assert sum(choice.memory for choice in self.held.values()) <= self.there.memory // UNIT

    @invariant()
    def nothing_is_held_that_was_not_to_be_had(self) -> None:
        for choice in self.held.values():
            assert set(choice.cores or ()) <= set(self.there.cores)
            assert set(choice.gpus) <= set(self.there.gpus)
            assert not any(gpu.busy for gpu in choice.gpus)

    def teardown(self) -> None:
        """Once nobody comes any more, all are served, the first one always next."""
        free = {gpu.uuid for gpu in self.there.gpus if not gpu.busy}
        while self.waiting:
            self.held.clear()
            first = min(self.waiting)
            gpu = self.waiting[first].gpu
            if gpu and len(free_gpus(gpu, self.there, NOTHING_TAKEN)) < gpu.count:
                assert self.look(first) is None  # as long as others compute there
                assert len(free) < len(self.there.gpus)
                del self.waiting[first]
                continue
            assert self.look(first) is not None
            for run in sorted(self.waiting):
                self.look(run)


TestAllocator = Allocator.TestCase
TestAllocator.settings = settings(max_examples=100, stateful_step_count=40, deadline=None)
