"""The life of a run: which status may follow which."""

from __future__ import annotations

import json
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.records.state import (
    TERMINAL,
    IllegalTransitionError,
    State,
    Status,
    added,
    advance,
    parse,
    submitted,
)

STATUSES: tuple[Status, ...] = get_args(Status)
LIFE: tuple[Status, ...] = ("pending", "provisioning", "running", "collecting", "succeeded")
ENDS: tuple[Status, ...] = ("failed", "cancelled", "lost")


def after(*statuses: Status) -> State:
    """The state of a run that has gone this way."""
    state = submitted("t0")
    for number, status in enumerate(statuses, 1):
        state = advance(state, status, f"t{number}")
    return state


def test_a_run_begins_pending() -> None:
    state = submitted("2026-01-01T00:00:00Z")
    assert state.status == "pending"
    assert not state.terminal
    assert state.entered("pending") == "2026-01-01T00:00:00Z"
    assert (state.reason, state.message, state.exit_code, state.finished_at) == (None,) * 4


def test_a_run_goes_all_the_way() -> None:
    state = after(*LIFE[1:])
    assert state.terminal
    assert [status for status, _ in state.history] == list(LIFE)
    assert state.entered("running") == "t2"
    assert state.finished_at == "t4"


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("steps", range(4))
def test_a_run_can_end_at_any_time(end: Status, steps: int) -> None:
    state = after(*LIFE[1 : steps + 1], end)
    assert state.terminal
    assert state.finished_at == f"t{steps + 1}"


def test_files_that_were_added_have_succeeded_when_they_are_first_seen() -> None:
    state = added("t0", "t1")
    assert state.terminal
    assert (state.reason, state.exit_code) == ("added", None)
    assert state.history == (("pending", "t0"), ("collecting", "t0"), ("succeeded", "t1"))
    assert (state.entered("running"), state.finished_at) == (None, "t1")
    assert parse(json.loads(json.dumps(state.document()))) == state


def test_exactly_four_statuses_are_terminal() -> None:
    assert set(TERMINAL) == {"succeeded", *ENDS}


@pytest.mark.parametrize("now", STATUSES)
@pytest.mark.parametrize("following", STATUSES)
def test_every_pair_of_statuses_is_decided(now: Status, following: Status) -> None:
    reached = LIFE[1 : LIFE.index(now) + 1] if now in LIFE else (now,)
    next_in_life = LIFE[LIFE.index(now) + 1] if now in LIFE[:-1] else None
    legal = now not in TERMINAL and (following in ENDS or following == next_in_life)
    state = after(*reached)
    if legal:
        assert advance(state, following, "t").status == following
        return
    with pytest.raises(IllegalTransitionError, match=f"{now} -> {following}"):
        advance(state, following, "t")


def test_reason_and_message_belong_to_one_status_and_the_exit_code_stays() -> None:
    state = advance(after("provisioning"), "running", "t", reason="a", message="b")
    assert (state.reason, state.message) == ("a", "b")
    state = advance(state, "collecting", "t", exit_code=3)
    assert (state.reason, state.message, state.exit_code) == (None, None, 3)
    state = advance(state, "failed", "t", reason="exit-code", message="the script exited with 3")
    assert (state.reason, state.exit_code) == ("exit-code", 3)


def test_an_exit_code_of_zero_is_kept() -> None:
    state = advance(after("provisioning", "running"), "collecting", "t", exit_code=0)
    assert advance(state, "succeeded", "t").exit_code == 0


def test_a_state_is_a_value() -> None:
    before = after("provisioning")
    advance(before, "running", "t")
    assert before == after("provisioning")


def test_an_older_files_state_is_still_read() -> None:
    written = (
        '{"status": "failed", "reason": "exit-code", "message": "the script exited with 1",'
        ' "exit_code": 1, "history": [["pending", "a"], ["failed", "b"]]}'
    )
    state = parse(json.loads(written))
    assert state == State(
        "failed",
        (("pending", "a"), ("failed", "b")),
        "exit-code",
        "the script exited with 1",
        1,
    )


@given(
    st.lists(
        st.tuples(
            st.sampled_from(STATUSES),
            st.none() | st.sampled_from(["a", "b"]),
            st.none() | st.integers(0, 255),
        ),
        max_size=20,
    )
)
def test_no_walk_goes_back_or_leaves_an_end(
    walk: list[tuple[Status, str | None, int | None]],
) -> None:
    state = submitted("t")
    for status, reason, code in walk:
        before = state
        try:
            state = advance(state, status, "t", reason=reason, exit_code=code)
        except IllegalTransitionError:
            assert state is before
            continue
        assert not before.terminal
        assert status not in [known for known, _ in before.history]
        assert state.history[:-1] == before.history
        assert parse(json.loads(json.dumps(state.document()))) == state
    order = [status for status, _ in state.history if status in LIFE]
    assert order == list(LIFE[: len(order)])
    assert sum(status in TERMINAL for status, _ in state.history) <= 1
