"""Phases of a run: which lines tell of one, and how they add up."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.records.phases import phases, reported

SEEN = {"environment", "wait", "collection"}
AT = "2026-11-22T09:{:02}:{:06.3f}Z"


def at(seconds: float) -> str:
    return AT.format(int(seconds) // 60, seconds % 60)


def test_phases_are_told_from_notes() -> None:
    found = reported(
        ["best epoch 7", "phase: import 5.125 s", "phase: fit 3 s, 27500 samples", "phase: over"]
    )
    assert found.seconds == {"import": 5.125, "fit": 3.0}
    assert found.samples == {"fit": 27500}
    assert found.notes == ["best epoch 7", "phase: over"]


def test_phases_of_one_name_add_up_in_the_order_of_the_first() -> None:
    found = reported(
        ["phase: fit 0.1 s, 1 sample", "phase: test 1 s", "phase: fit 0.2 s, 41 samples"]
    )
    assert list(found.seconds.items()) == [("fit", 0.3), ("test", 1.0)]
    assert found.samples == {"fit": 42}


@pytest.mark.parametrize(
    "line",
    [
        "phase: fit 3.0",
        "phase: fit 3.0 s,",
        "phase: fit -1 s",
        "phase: fit nan s",
        "phase: fit 1e9 s",
        "phase: fit 3 s, -1 samples",
        "phase: Fit 3 s",
        "phase: 3 s",
        "phase:fit 3 s",
        "phase: fit 3 s, 2 samples, 1 s",
        "phase: fit ٣ s",
        f"phase: {'x' * 41} 3 s",
        f"phase: fit {'9' * 10} s",
        "phase: wait 3 s",
        "phase: environment 3 s",
        "phase: collection 3 s",
    ],
)
def test_a_line_that_is_not_well_formed_stays_a_note(line: str) -> None:
    assert reported([line]) == ({}, {}, [line])


def test_so_many_phases_and_no_more() -> None:
    lines = [f"phase: part-{number} 1 s" for number in range(60)]
    found = reported([*lines, "phase: part-0 1 s"])
    assert len(found.seconds) == 50
    assert found.seconds["part-0"] == 2.0
    assert found.notes == lines[50:]


@given(st.lists(st.text(st.characters(categories=["L", "N", "P", "Zs"])), max_size=8))
def test_whatever_is_written_is_a_phase_or_a_note(lines: list[str]) -> None:
    found = reported(lines)
    assert found.notes == [line for line in lines if line in found.notes]
    assert len(found.notes) + len(found.seconds) <= len(lines)


@given(
    st.lists(
        st.tuples(
            st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True).filter(lambda x: x not in SEEN),
            st.integers(0, 10**8),
            st.none() | st.integers(0, 10**9),
        ),
        max_size=20,
    )
)
def test_what_is_well_formed_is_read_back(written: list[tuple[str, int, int | None]]) -> None:
    lines = []
    for name, thousandths, samples in written:
        counted = "" if samples is None else f", {samples} samples"
        lines.append(f"phase: {name} {thousandths / 1000:.3f} s{counted}")
    found = reported(lines)
    assert found.notes == []
    assert math.isclose(
        sum(found.seconds.values()), sum(one / 1000 for _, one, _ in written), abs_tol=0.01
    )
    assert sum(found.samples.values()) == sum(samples or 0 for _, _, samples in written)


def test_what_wf_saw_stands_around_what_the_job_told() -> None:
    history = [
        ("pending", at(0)),
        ("provisioning", at(1)),
        ("running", at(11.5)),
        ("collecting", at(20)),
        ("succeeded", at(20.25)),
    ]
    found = phases(history, 4.0, {"import": 5.0, "fit": 3.0})
    assert list(found.items()) == [
        ("environment", 6.5),
        ("wait", 4.0),
        ("import", 5.0),
        ("fit", 3.0),
        ("collection", 0.25),
    ]


def test_of_a_run_that_goes_on_what_is_over_is_told() -> None:
    begun = [("pending", at(0)), ("provisioning", at(1))]
    assert phases(begun, None, {}) == {}
    running = [*begun, ("running", at(3))]
    assert phases(running, None, {"fit": 1.0}) == {"environment": 2.0, "wait": 0.0, "fit": 1.0}
    assert "collection" not in phases([*running, ("collecting", at(5))], 0.5, {})
    assert phases([*begun, ("failed", at(3))], None, {}) == {}


def test_a_clock_of_its_own_makes_no_phase_negative() -> None:
    history = [("provisioning", at(1)), ("running", at(2))]
    assert phases(history, 1.5, {}) == {"environment": 0.0, "wait": 1.5}
