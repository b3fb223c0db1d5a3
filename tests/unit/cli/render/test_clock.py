"""Times by the clock."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.clock import clock, expected, until

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2022, 5, 18, 20, 0, tzinfo=timezone.utc)


@pytest.fixture(autouse=True)
def two_hours_ahead(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "WFT-2")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "22:00"),
        (720, "22:12"),
        (7199, "23:59"),
        (7200, "Thu 00:00"),
        (86400, "Thu 22:00"),
        (5 * 86400, "Mon 22:00"),
        (6 * 86400, "2022-05-24"),
    ],
)
def test_the_clock_of_where_one_is(seconds: float, said: str) -> None:
    assert clock(NOW, seconds) == said


def test_what_is_likely_is_told_from_what_is_sure() -> None:
    assert expected(NOW, 60.0, 120.0) == "~22:01"
    assert expected(NOW, None, 120.0) == "by 22:02"
    assert expected(NOW, None, None) == ""


def test_how_long_it_is_still() -> None:
    assert until(NOW, 720.0) == "22:12 (in 12m)"
    assert until(NOW, 0.4) == "any moment"
    assert until(NOW, -3.0) == "any moment"
