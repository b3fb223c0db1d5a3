"""Hints for words that are not known."""

from __future__ import annotations

import pytest

from runner.spec.mistakes import did_you_mean, nearest

KEYS = ["name", "script", "requirements", "working_dir", "resources"]


@pytest.mark.parametrize(
    ("word", "meant"),
    [
        ("scrpt", "script"),
        ("requirement", "requirements"),
        ("working-dir", "working_dir"),
        ("RESOURCES", "resources"),
        ("depends-on", None),
        ("", None),
    ],
)
def test_the_nearest_word(word: str, meant: str | None) -> None:
    assert nearest(word, KEYS) == meant


def test_capitals_on_either_side_do_not_matter() -> None:
    assert nearest("tarin-MNIST", ["Train-MNIST", "other"]) == "Train-MNIST"


def test_a_hint_names_the_nearest_or_else_all() -> None:
    assert did_you_mean("nam", KEYS, "the keys are") == "did you mean `name`?"
    assert did_you_mean("x", ["b", "a"], "the keys are") == "the keys are: a, b"
