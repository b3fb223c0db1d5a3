"""When a run that waits will start."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.interface import Holder, Waiter
from runner.allocation.matching.fitting import NOTHING_TAKEN, UNIT, Taken
from runner.allocation.queue.forecast import FURTHEST, Forecast, forecast
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.demands import fitting, in_use, shops
from tests.fakes.inventory import gpu, machine
from tests.fakes.schedules import Coming, starts

if TYPE_CHECKING:
    from runner.allocation.inventory import Inventory

FOUR = machine(cores=4, gpus=0)


def holder(*cores: int, likely: float | None = None, at_most: float | None = None) -> Holder:
    return Holder("calm-moth-1", "bob", cores, likely=likely, at_most=at_most)


def waiter(cpu: int, usual: float | None = None, limit: float | None = None) -> Waiter:
    return Waiter("wet-mango-1", "ann", Resources(cpu), usual=usual, limit=limit)


def taken(*cores: int) -> Taken:
    return Taken(frozenset(cores))


# --- by hand --------------------------------------------------------------------------------------


def test_what_is_free_is_had_at_once() -> None:
    assert forecast((), (), Resources(2), FOUR, taken(0, 1)) == Forecast(0, 0)


def test_the_end_of_those_who_hold_it_is_awaited() -> None:
    holders = [holder(0, 1, likely=60, at_most=100), holder(2, 3, likely=30, at_most=500)]
    assert forecast(holders, (), Resources(2), FOUR, taken(0, 1, 2, 3)) == Forecast(30, 100)
    assert forecast(holders, (), Resources(3), FOUR, taken(0, 1, 2, 3)) == Forecast(60, 500)


def test_those_before_it_are_awaited_as_long_as_they_usually_take() -> None:
    holders = [holder(0, 1, 2, 3, likely=60, at_most=100)]
    ahead = [waiter(3, usual=10, limit=1000), waiter(2, usual=20, limit=2000)]
    all_cores = taken(0, 1, 2, 3)
    assert forecast(holders, ahead, Resources(4), FOUR, all_cores) == Forecast(90, 3100)
    # nobody is awaited who goes on beside it
    assert forecast(holders, ahead[:1], Resources(1), FOUR, all_cores) == Forecast(60, 100)


def test_where_something_is_not_known_the_limit_will_do() -> None:
    holders = [holder(0, 1, 2, 3, at_most=100)]
    found = forecast(holders, [waiter(4, limit=50)], Resources(1), FOUR, taken(0, 1, 2, 3))
    assert found == Forecast(150, 150)


def test_nobody_can_tell_where_an_end_is_unknown_that_matters() -> None:
    held = [holder(0, 1), holder(2, 3, likely=30)]
    all_cores = taken(0, 1, 2, 3)
    assert forecast(held, (), Resources(2), FOUR, all_cores) == Forecast(30, None)
    assert forecast(held, (), Resources(3), FOUR, all_cores) == Forecast(None, None)
    known = [holder(0, 1, 2, 3, likely=1, at_most=1)]
    assert forecast(known, [waiter(4)], Resources(1), FOUR, all_cores) == Forecast(None, None)
    # what is taken by nobody who holds it
    assert forecast((), (), Resources(1), FOUR, all_cores) == Forecast(None, None)


def test_an_end_that_is_overdue_is_now() -> None:
    held = [holder(0, 1, 2, 3, likely=-5, at_most=100)]
    assert forecast(held, (), Resources(1), FOUR, taken(0, 1, 2, 3)) == Forecast(0, 100)


def test_who_will_pass_is_told_so_but_not_promised() -> None:
    there = machine(cores=4, memory=8 * UNIT)
    large = Holder("a-b-1", "ann", (), (), 8 * UNIT, likely=500, at_most=1000)
    held = [holder(0, 1, 2, 3, likely=10, at_most=20), large]
    ahead = [Waiter("a-b-2", "ann", Resources(1, 4 * UNIT), usual=1, limit=1)]
    now = Taken(frozenset({0, 1, 2, 3}), memory=8)
    assert forecast(held, ahead, Resources(1), there, now) == Forecast(10, 1000)


def test_who_can_never_start_keeps_nobody_waiting() -> None:
    held = [holder(0, 1, likely=10, at_most=1000), holder(2, likely=500, at_most=1000)]
    there = machine(cores=4, memory=8 * UNIT)
    ahead = [Waiter("a-b-1", "ann", Resources(1, 9 * UNIT)), Waiter("a-b-2", "ann", None)]
    assert forecast(held, ahead, Resources(2), there, taken(0, 1, 2)) == Forecast(10, 1000)


def test_memory_and_gpus_come_back_too() -> None:
    there = machine(cores=4, gpus=2, memory=8 * UNIT)
    hold = Holder(
        "calm-moth-1", "bob", (0,), ("GPU-00000000-fake",), 8 * UNIT - 1, likely=7, at_most=9
    )
    now = Taken(frozenset({0}), frozenset({"GPU-00000000-fake"}), 8)
    assert forecast([hold], (), Resources(1, UNIT), there, now) == Forecast(7, 9)
    both = Resources(1, gpu=GpuRequest(2))
    assert forecast([hold], (), both, there, now) == Forecast(7, 9)


def test_a_gpu_that_a_holder_computes_on_is_busy_until_its_end() -> None:
    there = replace(machine(cores=4), gpus=(gpu(0, busy=(4711,)), gpu(1, busy=(4712,))))
    hold = Holder("calm-moth-1", "bob", (0,), ("GPU-00000000-fake",), likely=7, at_most=9)
    now = Taken(frozenset({0}), frozenset({"GPU-00000000-fake"}))
    assert forecast([hold], (), Resources(gpu=GpuRequest(1)), there, now) == Forecast(7, 9)
    assert forecast([hold], (), Resources(gpu=GpuRequest(2)), there, now) == Forecast(None, None)


def test_far_behind_nobody_can_tell() -> None:
    many = [waiter(4, usual=1, limit=1)] * (FURTHEST + 1)
    assert forecast((), many, Resources(1), FOUR, NOTHING_TAKEN) == Forecast(None, None)
    assert forecast((), many[1:], Resources(1), FOUR, NOTHING_TAKEN) == Forecast(100, 100)


# --- compared with what happens -------------------------------------------------------------------


@st.composite
def lines(draw: st.DrawFn) -> tuple[Inventory, Taken, int, list[Coming]]:
    """A machine of which something is held until some time, and those that wait for it."""
    there = draw(shops())
    one = st.builds(Coming, st.just(0), fitting(there), st.integers(1, 9))
    coming = draw(st.lists(one, min_size=1, max_size=6))
    return there, draw(in_use(there)), draw(st.integers(1, 9)), coming


def told(there: Inventory, hold: Taken, until: int, coming: list[Coming]) -> Forecast:
    """What the last one hears, when all say how long they go on."""
    *ahead, (_, me, _) = coming
    rest = Holder("a-b-1", "ann", tuple(hold.cores), tuple(hold.gpus), hold.memory * UNIT)
    return forecast(
        [rest._replace(likely=until, at_most=until)],
        [Waiter("a-b-2", "ann", one.asked, usual=one.lasts, limit=one.lasts) for one in ahead],
        me,
        there,
        hold,
    )


@given(lines())
def test_it_comes_true_when_all_end_as_they_say(
    made: tuple[Inventory, Taken, int, list[Coming]],
) -> None:
    there, hold, until, coming = made
    assert told(*made).likely == starts(coming, there, held=[(hold, until)])[-1]


@given(lines(), st.data())
def test_nobody_starts_later_than_at_most(
    made: tuple[Inventory, Taken, int, list[Coming]], data: st.DataObject
) -> None:
    """Though others end sooner than they may, and others come that pass."""
    there, hold, until, coming = made
    at_most = told(*made).at_most
    sooner = [one._replace(lasts=data.draw(st.integers(1, one.lasts))) for one in coming]
    other = st.builds(Coming, st.integers(0, 9), fitting(there), st.just(50))
    passing = data.draw(st.lists(other, max_size=6))
    held = [(hold, data.draw(st.integers(1, until)))]
    start = starts([*sooner, *passing], there, held=held)[len(coming) - 1]
    assert at_most is not None
    assert start is not None
    assert start <= at_most


@given(lines(), st.data())
def test_at_most_does_not_grow_when_others_end_sooner(
    made: tuple[Inventory, Taken, int, list[Coming]], data: st.DataObject
) -> None:
    there, hold, until, coming = made
    sooner = [one._replace(lasts=data.draw(st.integers(1, one.lasts))) for one in coming]
    before = told(there, hold, data.draw(st.integers(1, until)), sooner).at_most
    after = told(there, hold, until, coming).at_most
    assert before is not None
    assert after is not None
    assert before <= after
