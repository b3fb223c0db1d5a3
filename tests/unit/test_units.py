"""Amounts and times as people read them."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.units import amount, count, duration, numbered, share, spans


@pytest.mark.parametrize(
    ("size", "said"),
    [
        (0, "0 B"),
        (999, "999 B"),
        (1000, "1 kB"),
        (1234, "1.2 kB"),
        (16_000_000_000, "16 GB"),
        (17_179_869_184, "17.2 GB"),
        (999_949, "999.9 kB"),
        (999_999, "1 MB"),
        (999_999_999, "1 GB"),
        (10**15, "1 PB"),
        (5 * 10**18, "5000 PB"),
    ],
)
def test_an_amount(size: int, said: str) -> None:
    assert amount(size) == said


@given(st.integers(0, 10**15 - 1))
def test_an_amount_is_short_and_near_the_truth(size: int) -> None:
    found = re.fullmatch(r"([0-9]{1,3}(?:\.[1-9])?) (B|kB|MB|GB|TB|PB)", amount(size))
    assert found is not None
    unit = 1000 ** ["B", "kB", "MB", "GB", "TB", "PB"].index(found[2])
    assert abs(float(found[1]) * unit - size) <= 0.0501 * unit


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-1, "0.0s"),
        (0, "0.0s"),
        (0.44, "0.4s"),
        (9.94, "9.9s"),
        (9.96, "10s"),
        (10, "10s"),
        (41.4, "41s"),
        (59.4, "59s"),
        (59.5, "1m00s"),
        (248, "4m08s"),
        (3599.6, "1h00m"),
        (7380, "2h03m"),
        (86399, "23h59m"),
        (86400, "1d0h"),
        (273600, "3d4h"),
    ],
)
def test_a_duration(seconds: float, said: str) -> None:
    assert duration(seconds) == said


@given(st.floats(0, 10**7))
def test_a_duration_has_two_units_at_most(seconds: float) -> None:
    assert re.fullmatch(
        r"[0-9]\.[0-9]s|[1-5][0-9]s|[0-9]{1,2}m[0-5][0-9]s|[0-9]{1,2}h[0-5][0-9]m|[0-9]+d[0-9]{1,2}h",
        duration(seconds),
    )


@pytest.mark.parametrize(
    ("number", "said"), [(0, "0 files"), (1, "1 file"), (2, "2 files"), (55000, "55,000 files")]
)
def test_a_count(number: int, said: str) -> None:
    assert count(number, "file") == said


@pytest.mark.parametrize(
    ("part", "whole", "said"),
    [
        (0, 80 * 10**9, "0 of 80 GB"),
        (41_230_000_000, 80 * 10**9, "41.2 of 80 GB"),
        (999, 2000, "1 of 2 kB"),
        (7, 7, "7 of 7 B"),
        (1, 10**15, "0 of 1 PB"),
    ],
)
def test_an_amount_out_of_another(part: int, whole: int, said: str) -> None:
    assert share(part, whole) == said


@pytest.mark.parametrize(
    ("numbers", "said"),
    [
        ((), ""),
        ((3,), "3"),
        ((1, 0), "0, 1"),
        ((0, 1, 2), "0-2"),
        ((0, 1, 2, 4, 5, 7, 8, 9, 10), "0-2, 4, 5, 7-10"),
    ],
)
def test_many_numbers_in_short(numbers: tuple[int, ...], said: str) -> None:
    assert spans(numbers) == said


@given(st.frozensets(st.integers(0, 300)))
def test_numbers_in_short_are_all_of_them(numbers: frozenset[int]) -> None:
    found: set[int] = set()
    for word in filter(None, spans(numbers).split(", ")):
        first, _, last = word.partition("-")
        found |= set(range(int(first), int(last or first) + 1))
    assert found == numbers


def test_things_with_numbers() -> None:
    assert numbered("core", [3]) == "core 3"
    assert numbered("GPU", (0, 1)) == "GPUs 0, 1"
    assert numbered("core", {0, 1, 2, 3, 6}) == "cores 0-3, 6"
