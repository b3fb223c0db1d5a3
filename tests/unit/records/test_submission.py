"""What was asked for, as it is written down and read again."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.plan.environment import LockedRun
from runner.plan.plan import Choices
from runner.records.submission import described, parse
from runner.workspace.code import Digested

WORDS = st.text(max_size=5)
PAIRS = st.lists(st.tuples(WORDS, WORDS), max_size=2, unique_by=lambda pair: pair[0]).map(tuple)
NUMBERS = st.none() | st.integers(0, 9)
CHOICES = st.builds(
    Choices,
    cpus=NUMBERS,
    gpus=NUMBERS,
    memory=NUMBERS,
    python=st.none() | WORDS,
    parameters=PAIRS,
    variables=PAIRS,
    args=st.lists(WORDS, max_size=3).map(tuple),
    executor=st.none() | WORDS,
    max_duration=NUMBERS,
    passed=st.lists(WORDS, max_size=2).map(tuple),
    as_of=st.none() | WORDS,
    simulate_gpus=st.booleans(),
    file=st.none() | WORDS,
    repeats=st.none() | WORDS,
)


def written(chosen: Choices, code: Digested | None = None) -> dict[str, Any]:
    """A record after a way through a file."""
    found: dict[str, Any] = json.loads(json.dumps({"asked": described(chosen, code)}))
    return found


@given(CHOICES)
def test_what_was_chosen_comes_back(chosen: Choices) -> None:
    read = parse(written(chosen))
    assert read is not None
    assert read.chosen == chosen


def test_recipes_come_back_and_the_environment_by_its_run() -> None:
    locked = LockedRun("wet-mango-1", "3.11.7", ("six==1",), "secret hashes")
    document = written(
        Choices(locked=locked), Digested({"a": "file 1"}, {}, {"w.yaml": "file 2"}, ("src",))
    )
    assert "secret hashes" not in json.dumps(document)
    read = parse(document)
    assert read is not None
    assert (read.locked, read.recipes, read.only) == (
        "wet-mango-1",
        {"w.yaml": "file 2"},
        ("src",),
    )


def test_values_of_the_callers_are_not_written() -> None:
    chosen = Choices(passed=("TOKEN",), caller=frozenset({"TOKEN", "SHELL"}))
    assert "SHELL" not in json.dumps(written(chosen))


@pytest.mark.parametrize("document", [{}, {"asked": None}, {"asked": {"cpus": 1}}, {"asked": 7}])
def test_older_records_do_not_say_it(document: dict[str, Any]) -> None:
    assert parse(document) is None
