"""Means, peaks, and a series of bounded length."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.accounting.series import Series


def test_a_reading_a_second_is_a_point_a_second() -> None:
    series = Series(1)
    for second in range(1, 6):
        series.add(second, (float(second),), 1.0)
    assert list(series.rows()) == [(1, 1.0), (2, 2.0), (3, 3.0), (4, 4.0), (5, 5.0)]
    assert series.interval == 1.0


def test_when_it_is_full_two_neighbours_become_one() -> None:
    series = Series(1, longest=8)
    for second in range(1, 9):
        series.add(second, (float(second),), 1.0)
    assert series.interval == 2.0
    assert list(series.rows()) == [(2, 1.5), (4, 3.5), (6, 5.5), (8, 7.5)]
    series.add(9.0, (20.0,), 1.0)
    series.add(10.0, (10.0,), 1.0)
    assert list(series.rows())[-1] == (10, 15.0)


def test_a_peak_is_kept_however_coarse_the_series() -> None:
    series = Series(1, longest=4)
    for second in range(1, 1000):
        series.add(second, (99.0 if second == 7 else 1.0,), 1.0)
    assert series.peaks == [99.0]
    assert max(value for _, value in series.rows() if value) < 2.0


def test_a_mean_is_one_over_time() -> None:
    series = Series(1)
    series.add(1.0, (4.0,), 1.0)
    series.add(4.0, (0.0,), 3.0)
    assert series.means() == (1.0,)


def test_what_is_not_known_counts_for_nothing() -> None:
    series = Series(2)
    series.add(1.0, (None, 1.0), 1.0)
    series.add(2.0, (None, None), 1.0)
    assert series.means() == (None, 1.0)
    assert series.peaks == [None, 1.0]
    assert list(series.rows()) == [(1.0, None, 1.0), (2.0, None, None)]


@given(
    st.lists(st.tuples(st.floats(0.1, 500.0), st.floats(0.0, 100.0)), min_size=1, max_size=300),
    st.integers(2, 50),
)
def test_however_readings_come_the_series_is_short_in_order_and_of_the_same_mean(
    readings: list[tuple[float, float]], longest: int
) -> None:
    series, at, weighted = Series(1, longest), 0.0, 0.0
    for gap, value in readings:
        at += gap
        weighted += gap * value
        series.add(at, (value,), gap)
        assert len(series) <= longest
    times = [row[0] or 0.0 for row in series.rows()]
    assert times == sorted(set(times))
    assert times[-1] == at
    assert series.means()[0] == pytest.approx(weighted / at)
    assert series.peaks == [max(value for _, value in readings)]
