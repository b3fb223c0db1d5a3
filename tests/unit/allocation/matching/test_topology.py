"""Which GPUs are taken together, and which cores with them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.inventory import Gpu, Inventory
from runner.allocation.matching.topology import best, near_first

MIB = 2**20


def cards(number: int, **facts: tuple[Any, ...]) -> tuple[Gpu, ...]:
    """GPUs, with a fact for each in turn."""
    return tuple(
        replace(
            Gpu(f"GPU-{index}", index, "NVIDIA A100", 80 * 10**9),
            **{fact: values[index] for fact, values in facts.items()},
        )
        for index in range(number)
    )


def pairs(*joined: tuple[int, int], number: int) -> tuple[tuple[str, ...], ...]:
    """The links of so many GPUs, of which some are joined."""
    return tuple(
        tuple(f"GPU-{two}" for one, two in (*joined, *((b, a) for a, b in joined)) if one == index)
        for index in range(number)
    )


def picked(gpus: tuple[Gpu, ...], number: int, free: tuple[int, ...] | None = None) -> list[int]:
    among = [gpu for gpu in gpus if free is None or gpu.index in free]
    return [gpu.index for gpu in best(among, number, Inventory((0,), 1, gpus))]


def test_the_first_ones_are_taken_where_nothing_speaks_for_others() -> None:
    assert picked(cards(4), 2) == [0, 1]
    assert picked(cards(4), 2, free=(3, 1, 2)) == [1, 2]


def test_those_that_others_use_least_come_first() -> None:
    gpus = cards(4, used=(9000 * MIB, 700 * MIB, 0, 0))
    assert picked(gpus, 1) == [2]
    assert picked(gpus, 2) == [2, 3]
    assert picked(gpus, 3) == [1, 2, 3]


def test_what_an_idle_card_reports_is_no_use() -> None:
    gpus = cards(2, used=(5 * MIB, 4 * MIB))
    assert picked(gpus, 1) == [0]


def test_joined_ones_are_taken_together() -> None:
    gpus = cards(4, links=pairs((0, 3), (1, 2), number=4))
    assert picked(gpus, 2) == [0, 3]
    assert picked(gpus, 2, free=(0, 1, 2)) == [1, 2]
    assert picked(gpus, 3) == [0, 1, 2]


def test_a_link_over_another_one_joins_too() -> None:
    gpus = cards(4, links=pairs((0, 2), (2, 3), number=4))
    assert picked(gpus, 3) == [0, 2, 3]
    # even where the one between is taken
    assert picked(gpus, 2, free=(0, 1, 3)) == [0, 3]


def test_those_of_one_memory_node_are_taken_together() -> None:
    gpus = cards(4, numa=(0, 1, 1, 0))
    assert picked(gpus, 2) == [0, 3]
    assert picked(gpus, 2, free=(0, 1, 2)) == [1, 2]


def test_links_count_more_than_memory_nodes_and_both_most() -> None:
    gpus = cards(6, numa=(0, 0, 1, 1, 1, 1), links=pairs((0, 2), (4, 5), number=6))
    assert picked(gpus, 2) == [4, 5]
    assert picked(gpus, 2, free=(0, 1, 2)) == [0, 2]


def test_use_counts_more_than_links() -> None:
    gpus = cards(3, used=(0, 900 * MIB, 0), links=pairs((0, 1), number=3))
    assert picked(gpus, 2) == [0, 2]


def test_too_few_are_none() -> None:
    assert best(cards(2), 3, Inventory((0,), 1, cards(2))) == ()


def test_sixteen_are_as_easy_as_two() -> None:
    links = pairs(*((one, two) for one in range(16) for two in range(one)), number=16)
    assert picked(cards(16, links=links), 9, free=tuple(range(4, 16))) == list(range(4, 13))


@given(st.data())
def test_what_is_best_stays_best_when_something_else_goes(data: st.DataObject) -> None:
    number = data.draw(st.integers(1, 8))
    joined = data.draw(
        st.lists(st.tuples(st.integers(0, number - 1), st.integers(0, number - 1)), max_size=6)
    )
    gpus = cards(
        number,
        used=data.draw(st.tuples(*[st.sampled_from([0, 300 * MIB])] * number)),
        numa=data.draw(st.tuples(*[st.sampled_from([None, 0, 1])] * number)),
        links=pairs(*joined, number=number),
    )
    there = Inventory((0,), 1, gpus)
    wanted = data.draw(st.integers(1, number))
    chosen = best(gpus, wanted, there)
    assert len(set(chosen)) == wanted
    assert best(data.draw(st.permutations(gpus)), wanted, there) == chosen
    gone = data.draw(st.sets(st.sampled_from(gpus)))
    assert best([gpu for gpu in gpus if gpu in chosen or gpu not in gone], wanted, there) == chosen


@pytest.mark.parametrize(
    ("numa", "nodes", "first"),
    [
        ((1,), ((0, 1), (2, 3)), (2, 3, 0, 1)),
        ((0, 1), ((0, 1), (2, 3)), (0, 1, 2, 3)),
        ((None,), ((0, 1), (2, 3)), (0, 1, 2, 3)),
        ((1,), (), (0, 1, 2, 3)),
        ((7,), ((0, 1), (2, 3)), (0, 1, 2, 3)),
    ],
)
def test_cores_near_the_gpus_come_first(
    numa: tuple[int | None, ...], nodes: tuple[tuple[int, ...], ...], first: tuple[int, ...]
) -> None:
    there = Inventory((0, 1, 2, 3), 1, numa=nodes)
    assert near_first((3, 1, 2, 0), cards(len(numa), numa=numa), there) == first
