"""When a job is started again, and when no more."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.engine.ending.verdict import judge
from runner.engine.retrying import Patience, event
from runner.process.confinement.interface import MemoryUse
from runner.process.values import Exit
from runner.spec.workflow import Retry

HOUR = Patience(Retry(duration=3600))


@pytest.mark.parametrize(
    ("exited", "expected"),
    [
        (Exit(0, None), None),
        (Exit(1, None), "error"),
        (Exit(None, 11), "error"),  # SIGSEGV
        (Exit(None, 6), "error"),  # SIGABRT
        (Exit(134, None), "error"),
        (Exit(None, 9), "interruption"),
        (Exit(None, 15), "interruption"),
        (Exit(137, None), "interruption"),  # what a shell makes of SIGKILL
        (Exit(143, None), "interruption"),
        (Exit(None, 9, memory=MemoryUse(limit=1, peak=1, killed=1)), "error"),
        (Exit(None, 15, asked=(15,)), None),
        (Exit(1, None, asked=(2,)), None),
        (Exit(None, 15, asked=(15,), limit=2.0), None),
    ],
)
def test_what_an_end_is_to_retry(exited: Exit, expected: str | None) -> None:
    assert event(judge(exited)) == expected


def test_pauses_grow_to_a_quarter_of_a_minute() -> None:
    patience, pauses = HOUR, []
    for now in range(7):
        patience = patience.failed(now, now)
        pauses.append(patience.pause)
    assert pauses == [1, 2, 4, 8, 15, 15, 15]


def test_a_job_that_fails_at_once_is_given_up() -> None:
    patience = Patience(Retry(duration=10)).failed(0, 0)
    assert not patience.over(0)
    patience = patience.failed(1, 1)
    assert not patience.over(1)
    patience = patience.failed(3, 3)
    assert not patience.over(3)
    assert patience.failed(7, 7).over(7)  # it would be started again at 15


def test_one_that_lasted_begins_again() -> None:
    patience = Patience(Retry(duration=10)).failed(0, 0).failed(1, 1)
    lasted = patience.failed(3, 14)
    assert (lasted.failures, lasted.pause) == (1, 1)
    assert not lasted.over(14)


@given(st.lists(st.floats(0, 10_000), min_size=1, max_size=100))
def test_without_an_end_it_is_never_given_up(lasted: list[float]) -> None:
    patience, now = Patience(Retry(duration=None)), 0.0
    for seconds in lasted:
        started, now = now, now + seconds
        patience = patience.failed(started, now)
        assert not patience.over(now)
        now += patience.pause


@given(st.lists(st.floats(0, 5), min_size=1, max_size=200), st.integers(1, 600))
def test_no_series_of_failures_outlasts_its_time(lasted: list[float], limit: int) -> None:
    patience, now, first = Patience(Retry(duration=limit)), 0.0, None
    for seconds in lasted:
        started, now = now, now + seconds
        patience = patience.failed(started, now)
        first = now if patience.failures == 1 else first
        if patience.over(now):
            return
        now += patience.pause
        assert first is not None
        assert now - first <= limit
