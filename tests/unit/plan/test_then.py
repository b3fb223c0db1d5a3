"""The Python of a day."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.then import DEFAULTS, choose, default

ALL = ("3.13.0", "3.12.1", "3.11.7", "3.10.13", "3.9.18", "3.8.18", "3.7.16", "3.6.15")
pythons = st.lists(
    st.tuples(st.integers(6, 15), st.integers(0, 20)).map(lambda two: f"3.{two[0]}.{two[1]}"),
    min_size=1,
)


@pytest.mark.parametrize(
    ("day", "provider", "python"),
    [
        ("2018-01-01", "bash", "3.6"),
        ("2019-06-26", "bash", "3.6"),
        ("2019-06-27", "bash", "3.7"),
        ("2021-04-30", "bash", "3.8"),
        ("2021-05-01", "docker", "3.9"),
        ("2022-03-21", "python", "3.9"),
        ("2022-03-22", "python", "3.10"),
        ("2022-05-20", "python", "3.10"),
        ("2022-06-06", "torchrun", "3.10"),
        ("2022-06-07", "torchrun", "3.9"),
        ("2022-09-06", "torchrun", "3.9"),
        ("2022-09-07", "torchrun", "3.10"),
        ("2023-08-10", "bash", "3.10"),
        ("2023-08-11", "task", "3.11"),
        ("2026-11-20", "task", "3.11"),
    ],
)
def test_what_the_tool_used_then(day: str, provider: str, python: str) -> None:
    assert default(day, provider).python == python
    assert choose(day, provider, ALL)[0] == python


def test_the_table_is_in_order() -> None:
    assert [known.since for known in DEFAULTS] == sorted(known.since for known in DEFAULTS)


@pytest.mark.parametrize(
    ("here", "python"),
    [
        (("3.13.0", "3.9.18", "3.7.16"), "3.9"),
        (("3.13.0", "3.11.7"), "3.11"),
        (("3.9.1", "3.9.18"), "3.9"),
        (("3.6.15", "3.11.7"), "3.6"),
    ],
    ids=["older", "newer", "several", "older though farther"],
)
def test_the_nearest_is_older_if_there_is_one(here: tuple[str, ...], python: str) -> None:
    chosen, why = choose("2022-05-20", "python", here)
    assert chosen == python
    assert why == (f"3.10 was dstack's default on 2022-05-20, and {python} is the nearest here")


def test_the_one_of_then_has_its_reason() -> None:
    assert choose("2022-05-20", "python", ALL) == (
        "3.10",
        "3.10 was dstack's default on 2022-05-20",
    )


def test_where_nothing_is_known_of_the_machine_it_is_the_one_of_then() -> None:
    assert choose("2022-05-20", "python", ())[0] == "3.10"


@given(st.dates(min_value=date(2000, 1, 1)), pythons)
def test_what_is_chosen_is_here(day: date, here: list[str]) -> None:
    chosen, why = choose(day.isoformat(), "python", here)
    assert any(version.startswith(f"{chosen}.") for version in here)
    assert day.isoformat() in why
