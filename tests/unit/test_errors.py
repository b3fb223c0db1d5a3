"""The one exception that reaches people."""

from __future__ import annotations

import pytest

from runner import errors
from runner.errors import INVALID, Problem, invalid


@pytest.mark.parametrize(
    ("messages", "said"),
    [
        (["a"], "a"),
        (["a", "b"], "a (and 1 more)"),
        (["a", "b", "c"], "a (and 2 more)"),
    ],
)
def test_the_first_mistake_stands_for_all_in_one_line(messages: list[str], said: str) -> None:
    error = invalid([Problem(message) for message in messages])
    assert error.kind == INVALID
    assert error.message == str(error) == said
    assert [problem.message for problem in error.problems] == messages


def test_wfs_own_exit_codes_are_told_from_a_scripts() -> None:
    # sysexits.h; scripts end with 0, 1, 2 or 128 and more
    own = {
        errors.USAGE,
        errors.INVALID,
        errors.UNSATISFIABLE,
        errors.INTERNAL,
        errors.STORAGE,
        errors.BUSY,
        errors.ENVIRONMENT,
    }
    assert len(own) == 7
    assert all(64 <= code <= 78 for code in own)
    assert errors.INTERRUPTED == errors.SIGNAL_BASE + 2
