"""Moments as they are typed."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from runner.cli.since import moment
from runner.errors import USAGE, WfError

NOW = datetime(2026, 11, 21, 23, 5, 10, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("written", "ago"),
    [("90", 90), ("30s", 30), ("10m", 600), ("2h", 7200), ("1d", 86_400), ("1w", 604_800)],
)
def test_how_long_ago(written: str, ago: int) -> None:
    assert moment(written, NOW) == NOW - timedelta(seconds=ago)


def test_longer_ago_than_there_are_dates() -> None:
    assert moment("999999w", NOW).year == 1970


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-21T22:00:00Z", datetime(2026, 11, 21, 22, tzinfo=timezone.utc)),
        ("2026-11-21 22:00+01:00", datetime(2026, 11, 21, 21, tzinfo=timezone.utc)),
        ("2026-11-21T22:00:00.123456789+0100", datetime(2026, 11, 21, 21, tzinfo=timezone.utc)),
        ("2026-11-21T22:00", datetime(2026, 11, 21, 22).astimezone()),
        ("2026-11-21", datetime(2026, 11, 21).astimezone()),
    ],
)
def test_a_date(written: str, expected: datetime) -> None:
    assert moment(written, NOW) == expected


@pytest.mark.parametrize(
    "written", ["", "off", "0", "0m", "10 minutes", "yesterday", "2026-11-31", "22:00", "-5m", "1y"]
)
def test_what_is_no_moment_is_said(written: str) -> None:
    with pytest.raises(WfError) as caught:
        moment(written, NOW)
    assert caught.value.kind == USAGE
    assert caught.value.hint
