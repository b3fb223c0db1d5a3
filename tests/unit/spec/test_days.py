"""Days, as people write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from runner.document.document import Scalar
from runner.spec.days import as_of, end


@given(st.dates(min_value=date(1000, 1, 1)))
def test_a_day_is_read_as_it_is_written(day: date) -> None:
    assert as_of(day.isoformat()) == day.isoformat()


@pytest.mark.parametrize("written", ["2022-05-20", " 2022-05-20 ", Scalar("2022-05-20", "str")])
def test_quotes_and_blanks_make_no_difference(written: str) -> None:
    assert as_of(written) == "2022-05-20"


def test_a_commit_is_a_day_too() -> None:
    assert as_of("commit") == "commit"


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("2022-05-20T12:00:00Z", "write 2022-05-20"),
        ("2022-05-20 12:00", "write 2022-05-20"),
        ("2022-02-30", "2022-05-20"),
        ("2022-13-01", "2022-05-20"),
        ("20220520", "commit"),
        ("20.5.2022", "commit"),
        ("today", "commit"),
        ("Commit", "commit"),
        ("", "commit"),
        (None, "commit"),
        (["2022-05-20"], "commit"),
        ({"date": "2022-05-20"}, "commit"),
        ("\u0662\u0660\u0662\u0662-\u0660\u0665-20", "commit"),
    ],
)
def test_what_is_no_day_is_told_how_to_be_one(written: Any, hint: str) -> None:
    with pytest.raises(PydanticCustomError) as caught:
        as_of(written)
    assert hint in str((caught.value.context or {})["hint"])


@given(st.text(max_size=30))
def test_nothing_else_is_read(written: str) -> None:
    try:
        date.fromisoformat(written.strip())
    except ValueError:
        assume(written.strip() != "commit")
        with pytest.raises(PydanticCustomError):
            as_of(written)


@given(st.dates(max_value=date(9999, 12, 30)))
def test_a_day_ends_where_the_next_begins(day: date) -> None:
    moment = datetime.fromisoformat(end(day.isoformat()).replace("Z", "+00:00"))
    midnight = datetime(day.year, day.month, day.day, tzinfo=timezone.utc)
    assert moment - midnight == timedelta(days=1)
