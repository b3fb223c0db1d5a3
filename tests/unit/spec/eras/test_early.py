"""Spellings that lived for days."""

from __future__ import annotations

import pytest

from runner.spec.eras.early import refused

ROUTE = ("workflows", 3)


@pytest.mark.parametrize("key", ["id", "params", "dependencies", "triggers", "template"])
def test_each_is_told_when_it_was_read_and_what_to_write(key: str) -> None:
    (problem,) = refused({"name": "a", key: "x"}, ROUTE)
    assert problem.message.startswith(f"`{key}` was read ")
    assert "2021" in problem.message or "2022" in problem.message
    assert (problem.route, problem.at_key) == ((*ROUTE, key), True)
    assert problem.hint


def test_all_of_a_workflow_come_at_once_and_others_pass() -> None:
    assert len(refused({"id": "a", "params": []}, ROUTE)) == 2
    assert refused({"name": "a", "image": "b"}, ROUTE) == []
