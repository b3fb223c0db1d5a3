"""What is chosen for a run that is asked for again, and how files differ."""

from __future__ import annotations

from typing import Any

import pytest

from runner.plan.again import again, differing, shortened
from runner.plan.plan import Choices

THEN = Choices(
    cpus=2,
    gpus=0,
    memory=10**9,
    python="3.9",
    parameters=(("lr", "1"), ("size", "s")),
    variables=(("A", "1"), ("B", "2")),
    args=("--epochs", "3"),
    executor="local",
    max_duration=60,
    passed=("TOKEN", "KEY"),
    as_of="2022-05-20",
    simulate_gpus=True,
    file="other.yaml",
)


def test_what_is_not_chosen_anew_stays() -> None:
    caller = frozenset({"PATH"})
    merged = again(THEN, Choices(caller=caller, resumes="wet-mango-1"))
    for name in Choices.__slots__:
        if name not in {"caller", "resumes"}:
            assert getattr(merged, name) == getattr(THEN, name), name
    assert (merged.caller, merged.resumes) == (caller, "wet-mango-1")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ({"cpus": 1, "gpus": 4}, {"cpus": 1, "gpus": 4, "memory": 10**9}),
        # no limit is a choice
        ({"max_duration": 0}, {"max_duration": 0}),
        ({"args": ("--epochs", "9")}, {"args": ("--epochs", "9")}),
        ({"parameters": (("lr", "2"),)}, {"parameters": (("lr", "2"), ("size", "s"))}),
        ({"variables": (("B", "3"), ("C", "4"))},
         {"variables": (("A", "1"), ("B", "3"), ("C", "4"))}),
        # a variable is either given or passed on, as was said last
        ({"variables": (("TOKEN", "x"),)},
         {"variables": (("A", "1"), ("B", "2"), ("TOKEN", "x")), "passed": ("KEY",)}),
        ({"passed": ("A", "KEY")}, {"variables": (("B", "2"),), "passed": ("TOKEN", "A", "KEY")}),
    ],
)  # fmt: skip
def test_what_is_chosen_anew_wins(now: dict[str, Any], expected: dict[str, Any]) -> None:
    merged = again(THEN, Choices(**now))
    assert {name: getattr(merged, name) for name in expected} == expected


def test_files_differ_by_what_is_in_them_and_by_being_there() -> None:
    then = {"same": "file 1", "other": "file 1", "program": "file 1", "gone": "file 1"}
    now = {"same": "file 1", "other": "file 2", "program": "program 1", "new": "file 1"}
    assert differing(then, now) == ("gone (gone)", "new (new)", "other", "program")
    assert differing(then, then) == ()


def test_many_names_are_shortened() -> None:
    assert shortened("abc") == "a, b, c"
    assert shortened("abcdefgh") == "a, b, c, d, e, …"
