"""Stretches of numbers are what sets of numbers are."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.allocation.locks import ranges
from runner.allocation.locks.ranges import Stretch

NUMBERS = st.frozensets(st.integers(0, 60))
STRETCHES = st.lists(st.builds(Stretch, st.integers(0, 60), st.integers(1, 20)))


def numbers(stretches: object) -> set[int]:
    return set(ranges.numbers(stretches))  # type: ignore[arg-type]


@given(NUMBERS)
def test_a_text_holds_the_numbers(wanted: frozenset[int]) -> None:
    said = ranges.text(ranges.of(wanted))
    assert numbers(ranges.parsed(said)) == wanted


@given(STRETCHES)
def test_merging_keeps_the_numbers_in_as_few_stretches_as_possible(given: list[Stretch]) -> None:
    merged = ranges.merged(given)
    assert numbers(merged) == numbers(given)
    assert all(one.end < other.start for one, other in pairwise(merged))
    assert ranges.size(merged) == len(numbers(given))


@given(STRETCHES, STRETCHES)
def test_stretches_overlap_if_a_number_is_in_both(one: list[Stretch], other: list[Stretch]) -> None:
    assert ranges.overlap(one, other) == bool(numbers(one) & numbers(other))


@given(STRETCHES, st.integers(0, 40), st.integers(0, 80))
def test_the_lowest_that_are_free(taken: list[Stretch], wanted: int, end: int) -> None:
    free = sorted(set(range(end)) - numbers(taken))
    found = ranges.lowest_free(taken, wanted, end)
    if wanted > len(free):
        assert found is None
    else:
        assert found is not None
        assert sorted(numbers(found)) == free[:wanted]


@given(STRETCHES, st.integers(0, 90))
def test_clipping(given: list[Stretch], end: int) -> None:
    assert numbers(ranges.clipped(given, end)) == {one for one in numbers(given) if one < end}


@pytest.mark.parametrize(
    "said",
    [None, 3, "", "a", "1-", "-1", "3-1", "1,,2", "1-2-3", "٣", "9" * 11, "1 ", ["1"], "1-x"],
)
def test_what_is_no_text_of_numbers_holds_none(said: object) -> None:
    assert ranges.parsed(said) == ()


@given(st.text())
def test_no_text_raises(said: str) -> None:
    ranges.parsed(said)
