"""Which job can start when."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.schedule import Schedule, schedule

DIAMOND = [
    ("a", frozenset[str]()),
    ("b", frozenset({"a"})),
    ("c", frozenset({"a"})),
    ("d", frozenset({"b", "c"})),
    ("e", frozenset[str]()),
]


def after(found: Schedule, *ends: str) -> Schedule:
    """After jobs have been run: ``a`` succeeded, ``!b`` failed."""
    for end in ends:
        name = end.removeprefix("!")
        found = found.start(name).end(name, succeeded=name == end)
    return found


def test_a_job_waits_for_all_it_needs() -> None:
    found = schedule(DIAMOND)
    assert found.ready == ("a", "e")
    assert after(found, "a").ready == ("b", "c", "e")
    assert after(found, "a", "b").ready == ("c", "e")
    assert after(found, "a", "b", "c").ready == ("d", "e")
    assert after(found, "a", "b", "c", "d", "e").over


def test_a_failure_ends_the_rest_and_what_goes_on_goes_on() -> None:
    found = schedule(DIAMOND).start("e")
    found = after(found, "!a")
    assert found.ready == ()
    assert not found.over
    assert found.running == ("e",)
    assert dict(found.because) == {"b": "a", "c": "a", "d": "a"}
    assert found.end("e", succeeded=True).over


def test_one_that_does_not_need_what_failed_is_skipped_too() -> None:
    assert after(schedule(DIAMOND), "!a").states["e"] == "skipped"


def test_keep_going_skips_only_what_needs_the_failed_one() -> None:
    found = after(schedule(DIAMOND, keep_going=True), "a", "!b")
    assert found.states["d"] == "skipped"
    assert found.because == {"d": "b"}
    assert found.ready == ("c", "e")


def test_after_a_stop_nothing_starts() -> None:
    found = schedule(DIAMOND).start("a").stop()
    assert found.ready == ()
    assert found.end("a", succeeded=True).over
    assert found.states["b"] == "skipped"
    assert not found.because


def test_what_is_no_job_of_the_plan_is_not_waited_for() -> None:
    assert schedule([("b", frozenset({"reused"}))]).ready == ("b",)


def test_a_job_that_is_not_ready_cannot_be_started() -> None:
    with pytest.raises(ValueError, match="d"):
        schedule(DIAMOND).start("d")
    with pytest.raises(ValueError, match="a"):
        schedule(DIAMOND).end("a", succeeded=True)


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, frozenset[str]]]:
    """Jobs, each of which needs some of those before it."""
    count = draw(st.integers(1, 8))
    return [
        (
            f"j{at}",
            frozenset(f"j{other}" for other in draw(st.sets(st.integers(0, 7))) if other < at),
        )
        for at in range(count)
    ]


@given(graphs(), st.booleans(), st.data())
def test_whatever_happens_every_job_comes_to_one_end(
    jobs: list[tuple[str, frozenset[str]]],
    keep_going: bool,  # noqa: FBT001
    data: st.DataObject,
) -> None:
    found = schedule(jobs, keep_going=keep_going)
    started: list[str] = []
    needs = dict(jobs)
    while not found.over:
        moves = [("start", name) for name in found.ready] + [("end", n) for n in found.running]
        assert moves, "something waits that will never start"
        move, name = data.draw(st.sampled_from(moves))
        before = found
        if move == "start":
            assert all(found.states[other] == "succeeded" for other in needs[name])
            found = found.start(name)
            started.append(name)
        else:
            found = found.end(name, succeeded=data.draw(st.booleans()))
        final = {n for n, state in before.states.items() if state in {"succeeded", "failed"}}
        assert all(found.states[n] == before.states[n] for n in final)
    assert len(started) == len(set(started))
    states = found.states
    if all(state in {"succeeded", "skipped"} for state in states.values()):
        assert set(states.values()) == {"succeeded"}
    for name, state in states.items():
        if state == "skipped":
            assert states[found.because[name]] == "failed"
            if keep_going:
                assert any(states[other] in {"failed", "skipped"} for other in needs[name])
