"""Who of those that wait may start."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory, Limited
from runner.allocation.matching.fitting import (
    NOTHING_TAKEN,
    UNIT,
    Choice,
    Taken,
    choose,
    limited,
)
from runner.allocation.queue.rule import Held, Overtaken, Start, covers, may_start, starters
from runner.spec.workflow import GpuRequest, Resources
from tests.fakes.demands import fitting, in_use, machines, requests, shops
from tests.fakes.inventory import machine
from tests.fakes.schedules import Coming, lacks, one_by_one, starts

if TYPE_CHECKING:
    from collections.abc import Sequence

EIGHT = machine(cores=16, gpus=8, memory=64 * UNIT)
ALL_BUT_ONE = Taken(gpus=frozenset(gpu.uuid for gpu in EIGHT.gpus[1:]))


def wants(cpu: int | None = None, gpus: int = 0, memory: int | None = None) -> Resources:
    """A request; memory in units."""
    return Resources(cpu, memory and memory * UNIT, GpuRequest(gpus) if gpus else None)


def held(found: Start | Held) -> Held:
    assert isinstance(found, Held)
    return found


def started(found: Start | Held) -> Start:
    assert isinstance(found, Start)
    return found


# --- who passes whom ------------------------------------------------------------------------------


def test_alone_one_starts_with_what_is_free() -> None:
    found = started(may_start((), wants(2, 1), EIGHT, Taken(frozenset({0}))))
    assert found == Start(Choice((1, 2), EIGHT.gpus[:1]))


def test_who_lacks_something_is_told_what() -> None:
    found = held(may_start((), wants(2, 3), EIGHT, ALL_BUT_ONE))
    assert found == Held("3 GPUs (1 free)", reserved=False, ready=())


def test_nothing_is_taken_that_an_earlier_one_is_short_of() -> None:
    found = held(may_start([wants(1, 2)], wants(1, 1), EIGHT, ALL_BUT_ONE))
    assert found.reserved
    assert found.short_of == "1 GPU (1 free, kept for earlier runs)"


def test_nothing_is_taken_that_an_earlier_one_will_need() -> None:
    ahead = [wants(12, 2)]
    assert started(may_start(ahead, wants(4), EIGHT, ALL_BUT_ONE))
    found = held(may_start(ahead, wants(5), EIGHT, ALL_BUT_ONE))
    assert found.short_of == "5 cores (16 free, kept for earlier runs)"
    assert found.reserved
    memory = held(may_start([wants(1, 2, 60)], wants(1, 0, 5), EIGHT, ALL_BUT_ONE))
    assert memory.short_of == "5.2 MB of memory (67.1 MB free, kept for earlier runs)"


def test_who_passes_says_whom_and_what_they_lack() -> None:
    ahead = [wants(1, 2), wants(1, 3), wants(99)]
    found = started(may_start(ahead, wants(1), EIGHT, ALL_BUT_ONE))
    assert found.passed == (
        Overtaken(0, "2 GPUs (1 free)"),
        Overtaken(1, "3 GPUs (1 free)"),
        Overtaken(2, "99 cores (16 free)"),
    )
    assert found.ready == ()


def test_one_that_waits_for_what_is_kept_can_be_passed_too() -> None:
    ahead = [wants(1, 2), wants(1, 1)]
    found = started(may_start(ahead, wants(1), EIGHT, ALL_BUT_ONE))
    assert found.passed[1] == Overtaken(1, "kept for earlier runs")


def test_those_that_could_start_are_named() -> None:
    ahead = [wants(1, 2), wants(4), wants(1, 1), wants(3)]
    assert held(may_start(ahead, wants(16), EIGHT, ALL_BUT_ONE)).ready == (1, 3)
    found = started(may_start(ahead, wants(1), EIGHT, ALL_BUT_ONE))
    assert found.ready == (1, 3)
    assert [passed.which for passed in found.passed] == [0, 2]


def test_as_much_is_kept_as_those_before_could_hold_at_once_and_no_more() -> None:
    """Twenty wait for a GPU and two cores each: eight at most go on at once, as far as GPUs go."""
    there = replace(EIGHT, cores=tuple(range(32)))
    taken = Taken(gpus=frozenset(gpu.uuid for gpu in there.gpus))
    many = [wants(2, 1)] * 20
    assert started(may_start(many, wants(16), there, taken))
    assert held(may_start(many, wants(17), there, taken)).reserved
    # one after the other, as each needs all GPUs: the largest is what can be held at once
    in_turn = [wants(2, 8), wants(20, 8), wants(4, 8)]
    assert started(may_start(in_turn, wants(12), there, taken))
    assert held(may_start(in_turn, wants(13), there, taken)).reserved


def test_other_gpus_than_those_that_are_waited_for_may_be_taken() -> None:
    v100 = [Gpu(f"GPU-v{index}", index, "Tesla V100", 1) for index in range(2)]
    a100 = [Gpu(f"GPU-a{index}", 2 + index, "NVIDIA A100", 1) for index in range(2)]
    there = Inventory((0, 1, 2, 3), 1, (*v100, *a100))
    ahead = [Resources(1, gpu=GpuRequest(2, "V100"))]
    taken = Taken(gpus=frozenset({"GPU-v0"}))
    any_gpu = started(may_start(ahead, wants(1, 1), there, taken))
    assert any_gpu.choice.gpus == (a100[0],)
    assert held(may_start(ahead, wants(1, 3), there, taken)).reserved
    assert held(may_start(ahead, Resources(1, gpu=GpuRequest(1, "v100")), there, taken)).reserved


def test_what_one_may_take_that_another_one_needs_is_kept_for_both() -> None:
    """Whoever takes any GPU may take the ones that are asked for by name."""
    v100 = [Gpu(f"GPU-v{index}", index, "Tesla V100", 1) for index in range(2)]
    a100 = [Gpu(f"GPU-a{index}", 2 + index, "NVIDIA A100", 1) for index in range(2)]
    there = Inventory(tuple(range(8)), 8 * UNIT, (*v100, *a100))
    a100_wanted = Resources(1, gpu=GpuRequest(1, "A100"))
    ahead = [wants(1, 2, 2), replace(a100_wanted, memory=2 * UNIT)]
    taken = Taken(memory=7)
    assert held(may_start(ahead, a100_wanted, there, taken)).reserved
    assert started(may_start(ahead, wants(1, 1), there, taken)).choice.gpus == (v100[0],)


def test_nothing_is_kept_for_what_the_machine_never_has() -> None:
    assert started(may_start([wants(17)], wants(16), EIGHT, NOTHING_TAKEN))
    assert started(may_start([wants(1, 9)], wants(1, 8), EIGHT, NOTHING_TAKEN))


def test_what_limits_keep_from_one_user_another_one_may_wait_for() -> None:
    mine = replace(EIGHT, gpus=EIGHT.gpus[:2], limits=(Limited("gpu", 8, "CUDA_VISIBLE_DEVICES"),))
    assert held(may_start([wants(1, 4)], wants(1, 1), mine, NOTHING_TAKEN)).reserved
    assert started(may_start([wants(1, 9)], wants(1, 1), mine, NOTHING_TAKEN))


def test_the_share_of_those_that_ask_for_no_number_of_cores_is_kept() -> None:
    ahead = [wants(None, 4)]
    taken = Taken(gpus=frozenset(gpu.uuid for gpu in EIGHT.gpus[:5]))
    assert started(may_start(ahead, wants(8), EIGHT, taken))
    assert held(may_start(ahead, wants(9), EIGHT, taken)).reserved


def test_who_has_not_looked_for_gpus_leaves_what_runs_with_gpus_need() -> None:
    unseen = replace(EIGHT, gpus=())
    assert started(may_start([wants(10, 2)], wants(6), unseen, NOTHING_TAKEN))
    assert held(may_start([wants(10, 2)], wants(7), unseen, NOTHING_TAKEN)).reserved
    assert held(may_start([wants(None, 2)], wants(1), unseen, NOTHING_TAKEN)).reserved
    none = replace(unseen, no_gpus="no NVIDIA driver is installed")
    assert started(may_start([wants(10, 2)], wants(7), none, NOTHING_TAKEN))


def test_who_asks_for_nothing_keeps_nobody_waiting() -> None:
    assert started(may_start([Resources()], wants(16, 8), EIGHT, NOTHING_TAKEN))


def test_gpus_without_cores_start_with_what_is_left_of_their_share() -> None:
    ahead = [wants(12, 2)]
    taken = Taken(gpus=frozenset(gpu.uuid for gpu in EIGHT.gpus[:7]))
    other = Gpu("GPU-x", 8, "NVIDIA L4", 1)
    there = replace(EIGHT, gpus=(*EIGHT.gpus, other))
    l4 = Resources(gpu=GpuRequest(1, "L4"))
    assert held(may_start(ahead, l4, there, taken)).reserved  # the first one takes any GPU
    a100 = [Resources(12, gpu=GpuRequest(2, "A100"))]
    assert started(may_start(a100, l4, there, taken)).choice.cores == (0,)
    assert held(may_start([*a100, wants(4)], l4, there, taken)).reserved


def test_those_that_start_at_once_do_so_in_their_order() -> None:
    waiting = [wants(1, 2), wants(10), wants(8), wants(4), wants(1, 1)]
    found = list(starters(waiting, EIGHT, ALL_BUT_ONE))
    assert [index for index, _ in found] == [1]
    del waiting[2]
    assert [index for index, _ in starters(waiting, EIGHT, ALL_BUT_ONE)] == [1, 2]


# --- covering -------------------------------------------------------------------------------------

GIB = 2**30


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (wants(2), wants(2)),
        (wants(2), wants(3, 1, 5)),
        (wants(1, 1), wants(None, 2)),
        (wants(None, 1), wants(1, 1)),
        (wants(None, 0, 5), wants(None, 0, 6)),
        (wants(1, 1), Resources(1, gpu=GpuRequest(1, "A100"))),
        (
            Resources(gpu=GpuRequest(1, "A100", alternatives=("H100",))),
            Resources(gpu=GpuRequest(1, "h100")),
        ),
        (Resources(gpu=GpuRequest(1, None, GIB)), Resources(gpu=GpuRequest(1, None, 2 * GIB))),
        (
            Resources(gpu=GpuRequest(1, most_memory=2 * GIB)),
            Resources(gpu=GpuRequest(1, most_memory=GIB)),
        ),
    ],
)
def test_who_asks_for_no_less_is_covered(earlier: Resources, later: Resources) -> None:
    assert covers(earlier, later)


@pytest.mark.parametrize(
    ("earlier", "later"),
    [
        (Resources(), wants(1)),
        (wants(2), wants(1, 8)),
        (wants(1, 2), wants(1, 1)),
        (wants(1, 1), wants(2)),
        (wants(1, 0, 5), wants(1, 0, 4)),
        (Resources(1, gpu=GpuRequest(1, "A100")), wants(1, 1)),
        (
            Resources(gpu=GpuRequest(1, "A100")),
            Resources(gpu=GpuRequest(1, "A100", alternatives=("H100",))),
        ),
        (Resources(gpu=GpuRequest(1, None, GIB)), Resources(gpu=GpuRequest(1))),
        (Resources(gpu=GpuRequest(1, most_memory=GIB)), Resources(gpu=GpuRequest(1))),
        (
            Resources(gpu=GpuRequest(1, most_memory=GIB)),
            Resources(gpu=GpuRequest(1, most_memory=2 * GIB)),
        ),
    ],
)
def test_who_may_find_something_else_is_not_covered(earlier: Resources, later: Resources) -> None:
    assert not covers(earlier, later)


def larger(draw: st.DrawFn, asked: Resources) -> Resources:
    """A request that asks for no less, whatever the thing."""
    gpu = asked.gpu or draw(st.none() | st.just(GpuRequest(1)))
    if gpu is not None:
        gpu = replace(
            gpu,
            count=gpu.count + draw(st.integers(0, 2)),
            name=gpu.name or draw(st.sampled_from([None, "V100"])),
            memory=gpu.memory or draw(st.sampled_from([None, 40 * GIB])),
        )
    cpu = None if asked.cpu is None else asked.cpu + draw(st.integers(0, 2))
    return replace(asked, cpu=cpu, memory=asked.memory or draw(st.none() | st.just(UNIT)), gpu=gpu)


@st.composite
def queues(draw: st.DrawFn) -> tuple[Inventory, Taken, list[Resources]]:
    """Some that wait for a machine in use; some ask for what one before asks for, or more."""
    there = draw(machines() | shops())
    mixed = len({gpu.name for gpu in there.gpus}) != 1
    line: list[Resources] = []
    for _ in range(draw(st.integers(1, 6))):
        after = st.sampled_from(line) if line else st.nothing()
        like = draw(st.none() | after)
        new = requests() if mixed else fitting(there)
        line.append(draw(new) if like is None else larger(draw, like))
    return there, draw(in_use(there)), line


@given(queues())
def test_who_is_covered_starts_no_sooner(made: tuple[Inventory, Taken, list[Resources]]) -> None:
    there, taken, line = made
    fits = [
        isinstance(may_start(line[:index], line[index], there, taken), Start)
        for index in range(len(line))
    ]
    for later in range(len(line)):
        for earlier in range(later):
            if covers(line[earlier], line[later]) and not fits[earlier]:
                assert not fits[later]


@given(queues())
def test_each_sees_of_the_others_what_they_see(
    made: tuple[Inventory, Taken, list[Resources]],
) -> None:
    there, taken, line = made
    fits = tuple(
        index
        for index in range(len(line) - 1)
        if line[index] != Resources()
        and isinstance(may_start(line[:index], line[index], there, taken), Start)
    )
    last = may_start(line[:-1], line[-1], there, taken)
    assert tuple(index for index in last.ready if line[index] != Resources()) == fits
    if isinstance(last, Start):
        passed = [one.which for one in last.passed]
        assert sorted([*passed, *last.ready]) == list(range(len(line) - 1))
        assert all(one.short_of for one in last.passed)
    else:
        alone = choose(line[-1], there, taken)
        assert last.reserved == (alone is not None)
        assert last.short_of


# --- nobody is harmed -----------------------------------------------------------------------------


SMALL = (wants(1), wants(None, 0, 1), wants(1, 1), wants(None, 1), wants(1, 0, 1))


@given(shops(), st.data())
def test_however_many_pass_the_first_it_is_left_no_shorter(
    there: Inventory, data: st.DataObject
) -> None:
    first, taken = data.draw(fitting(there)), data.draw(in_use(there))
    before = lacks(first, there, taken)
    assume(any(before))
    ahead = [first]
    for small in data.draw(st.permutations(SMALL)):
        while isinstance(found := may_start(ahead, small, there, taken), Start):
            assert 0 not in found.ready
            taken = taken.and_also(found.choice)
        ahead.append(small)
    assert lacks(first, there, taken) == before


@st.composite
def courses(draw: st.DrawFn) -> tuple[Inventory, list[Coming], list[tuple[Taken, int]]]:
    """A machine of which something is held for a while, and runs that can all be served."""
    there = draw(shops())
    lasts = st.sampled_from([1, 2, 5, 50])
    one = st.builds(Coming, st.integers(0, 9), fitting(there), lasts)
    coming = draw(st.lists(one, min_size=2, max_size=9))
    return there, coming, [(draw(in_use(there)), draw(st.integers(1, 9)))]


def later(one: Sequence[int | None], other: Sequence[int | None]) -> list[int]:
    """Which are later in one course than in the other."""
    assert None not in one
    assert None not in other
    return [
        index
        for index, (mine, theirs) in enumerate(zip(one, other, strict=True))
        if (mine or 0) > (theirs or 0)
    ]


@given(courses())
def test_nobody_starts_later_than_where_nobody_may_pass_anybody(
    made: tuple[Inventory, list[Coming], list[tuple[Taken, int]]],
) -> None:
    """Which says, too, that everybody starts, however many come later."""
    there, coming, hold = made
    assert later(starts(coming, there, held=hold), starts(coming, there, one_by_one, hold)) == []


@given(courses())
def test_the_first_starts_at_the_same_time_whoever_comes_after_it(
    made: tuple[Inventory, list[Coming], list[tuple[Taken, int]]],
) -> None:
    there, coming, hold = made
    first = coming[0]._replace(at=0)
    others = [one._replace(at=max(one.at, 1)) for one in coming[1:]]
    alone = starts([first], there, held=hold)
    assert starts([first, *others], there, held=hold)[0] == alone[0]


# --- who may not use all GPUs ---------------------------------------------------------------------


def limited_to(*indexes: int, gpus: int = 1) -> Resources:
    """A request of somebody who may use these GPUs only, as others see it."""
    theirs = replace(
        EIGHT,
        gpus=tuple(EIGHT.gpus[index] for index in indexes),
        limits=(Limited("gpu", len(EIGHT.gpus), "CUDA_VISIBLE_DEVICES"),),
    )
    return limited(wants(1, gpus), theirs)


def test_others_know_which_gpus_serve_somebody_who_may_not_use_all() -> None:
    """Who waits for one that is taken is not thought to be able to start, and so passed over."""
    taken = Taken(frozenset({0}), frozenset({EIGHT.gpus[3].uuid}))
    assert held(may_start((limited_to(3),), wants(20), EIGHT, taken)).ready == ()
    assert started(may_start((limited_to(3),), wants(1, 7), EIGHT, taken)).choice.gpus == tuple(
        gpu for gpu in EIGHT.gpus if gpu is not EIGHT.gpus[3]
    )
    # once it is free, it is kept
    assert held(may_start((limited_to(3),), limited_to(3), EIGHT, NOTHING_TAKEN)).reserved


def test_who_may_use_more_gpus_covers_who_may_use_fewer() -> None:
    assert covers(wants(1, 1), limited_to(3))
    assert covers(limited_to(2, 3), limited_to(3))
    assert not covers(limited_to(3), wants(1, 1))
    assert not covers(limited_to(3), limited_to(2, 3))
    assert limited(wants(1, 1), EIGHT) == wants(1, 1)
