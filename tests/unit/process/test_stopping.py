"""What a job is sent, and when: by a clock that is only a number."""

from __future__ import annotations

from signal import SIGINT, SIGKILL, SIGTERM

from hypothesis import given
from hypothesis import strategies as st

from runner.process.stopping import NOTICE, Stopping

Sent = list[tuple[float, int]]


def play(
    stopping: Stopping, arrivals: list[tuple[float, int]], until: float, *, heard: bool = True
) -> Sent:
    """All that is sent, with when; whoever waits sleeps until the next is due or arrives."""
    sent: Sent = []
    left = sorted(arrivals)
    now = 0.0
    while now <= until:
        while left and left[0][0] <= now:
            stopping.arrived(left.pop(0)[1], now)
        while number := stopping.due(now):
            if number == NOTICE and not heard:
                stopping.unheard(now)
                continue
            sent.append((now, number))
        now = min(stopping.next, left[0][0] if left else float("inf"))
    return sent


def test_asked_once_it_has_its_grace() -> None:
    stopping = Stopping(0, 30, None, notice=False)
    assert play(stopping, [(5, SIGINT)], 100) == [(5, SIGINT), (35, SIGKILL)]
    assert stopping.asked == [SIGINT, SIGKILL]
    assert not stopping.limit_reached


def test_who_asks_twice_does_not_want_to_wait() -> None:
    stopping = Stopping(0, 30, None, notice=False)
    assert play(stopping, [(5, SIGINT), (6, SIGINT), (7, SIGINT)], 100) == [
        (5, SIGINT),
        (6, SIGKILL),
    ]


def test_two_who_ask_at_the_same_moment_are_one_after_the_other() -> None:
    stopping = Stopping(0, 30, None, notice=False)
    assert play(stopping, [(5, SIGINT), (5, SIGINT)], 100) == [(5, SIGINT), (5, SIGKILL)]


def test_impatience_ends_a_notice() -> None:
    stopping = Stopping(0, 30, None, notice=True)
    assert play(stopping, [(5, SIGINT), (6, SIGINT)], 100) == [
        (5, NOTICE),
        (6, SIGINT),
        (6, SIGKILL),
    ]


def test_an_abort_kills_at_once() -> None:
    stopping = Stopping(0, 30, None, notice=True)
    assert play(stopping, [(5, SIGKILL)], 100) == [(5, SIGKILL)]


def test_its_time_is_up() -> None:
    stopping = Stopping(0, 3, 10, notice=False)
    assert play(stopping, [], 100) == [(10, SIGTERM), (13, SIGKILL)]
    assert stopping.limit_reached


def test_an_end_that_was_asked_for_is_not_that_of_its_time() -> None:
    stopping = Stopping(0, 30, 10, notice=False)
    assert play(stopping, [(9, SIGTERM)], 100) == [(9, SIGTERM), (39, SIGKILL)]
    assert not stopping.limit_reached


def test_a_notice_comes_as_long_ahead_as_the_grace_is() -> None:
    stopping = Stopping(0, 3, 10, notice=True)
    assert play(stopping, [], 100) == [(7, NOTICE), (10, SIGTERM), (13, SIGKILL)]
    assert stopping.asked == [SIGTERM, SIGKILL]


def test_a_notice_never_comes_before_half_of_its_time() -> None:
    stopping = Stopping(0, 30, 10, notice=True)
    assert play(stopping, [], 15) == [(5, NOTICE), (10, SIGTERM)]


def test_a_notice_comes_first_when_somebody_asks() -> None:
    stopping = Stopping(0, 30, None, notice=True)
    expected = [(5, NOTICE), (20, SIGTERM), (35, SIGKILL)]
    assert play(stopping, [(5, SIGTERM)], 100) == expected


def test_no_second_notice_when_somebody_asks_after_it() -> None:
    stopping = Stopping(0, 4, 10, notice=True)
    assert play(stopping, [(7, SIGTERM)], 100) == [(6, NOTICE), (7, SIGTERM), (11, SIGKILL)]


def test_where_nobody_takes_notices_nothing_is_waited_for() -> None:
    stopping = Stopping(0, 30, None, notice=True)
    assert play(stopping, [(5, SIGTERM)], 30, heard=False) == [(5, SIGTERM)]


def test_no_grace_kills_right_after_the_request() -> None:
    stopping = Stopping(0, 0, None, notice=False)
    assert [number for _, number in play(stopping, [(5, SIGTERM)], 30)][-1] == SIGKILL


@given(
    grace=st.floats(0, 60),
    limit=st.none() | st.floats(0, 100),
    notice=st.booleans(),
    heard=st.booleans(),
    arrivals=st.lists(
        st.tuples(st.floats(0, 120), st.sampled_from([SIGINT, SIGTERM, SIGKILL])), max_size=4
    ),
)
def test_whatever_happens_it_is_killed_once_and_in_time(
    *,
    grace: float,
    limit: float | None,
    notice: bool,
    heard: bool,
    arrivals: list[tuple[float, int]],
) -> None:
    stopping = Stopping(0, grace, limit, notice=notice)
    sent = play(stopping, list(arrivals), 1000, heard=heard)
    wanted = [at for at, _ in arrivals] + ([] if limit is None else [limit])
    if not wanted:
        assert sent == []
        return
    numbers = [number for _, number in sent]
    assert numbers.count(SIGKILL) == 1
    assert numbers[-1] == SIGKILL
    assert numbers.count(NOTICE) <= 1
    assert len(numbers) == len(set(numbers))
    assert sent[-1][0] <= min(wanted) + grace + 1e-6
    assert [at for at, _ in sent] == sorted(at for at, _ in sent)
