from __future__ import annotations

import threading
from itertools import count
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.remote.ahead import AT_ONCE, ahead

if TYPE_CHECKING:
    from collections.abc import Iterator


@given(st.lists(st.integers(0, 60 << 20), max_size=100))
def test_all_come_in_order_and_never_more_than_fits(sizes: list[int]) -> None:
    taken: list[int] = []

    def items() -> Iterator[int]:
        for size in sizes:
            taken.append(size)
            yield size

    come: list[int] = []
    for size, twice in ahead(lambda size: 2 * size, items(), lambda size: size):
        assert twice == 2 * size
        held = taken[len(come) :]
        assert len(held) <= 65
        assert sum(held[:-1]) <= 48 << 20 or len(held) <= 2
        come.append(size)
    assert come == sizes


def test_several_are_at_work_at_once() -> None:
    together = threading.Barrier(AT_ONCE, timeout=30)
    items = range(AT_ONCE)
    assert len(list(ahead(lambda _: together.wait(), items, lambda _: 1))) == AT_ONCE


def test_what_goes_wrong_comes_up_in_its_turn_and_ends_the_rest() -> None:
    def work(item: int) -> int:
        if item == 3:
            raise OSError("gone")
        return item

    come = ahead(work, count(), lambda _: 1)
    assert [next(come) for _ in range(3)] == [(0, 0), (1, 1), (2, 2)]
    with pytest.raises(OSError, match="gone"):
        next(come)
