"""The code for the shell of a run that has ended."""

from __future__ import annotations

import pytest

from runner.records.codes import of_document, shell_code


@pytest.mark.parametrize(
    ("status", "reason", "exit_code", "expected"),
    [
        ("succeeded", "exit_code", 0, 0),
        ("failed", "exit_code", 3, 3),
        ("failed", "signal", 139, 139),
        ("failed", "out_of_memory", 137, 137),
        ("failed", "no_space", 1, 1),
        ("failed", "no_space", None, 73),
        ("failed", "no_space", 0, 73),
        ("failed", "max_duration", 0, 124),
        ("failed", "storage", 0, 73),
        ("failed", "storage", None, 73),
        ("failed", "environment", None, 78),
        ("failed", "busy", None, 75),
        ("failed", "cannot_be_satisfied", None, 69),
        ("failed", "internal_error", None, 70),
        ("cancelled", "interrupted", 0, 130),
        ("cancelled", "interrupted", None, 130),
        ("cancelled", "stopped", 7, 143),
        ("cancelled", "aborted", 137, 143),
        ("cancelled", "terminated", 143, 143),
        ("cancelled", "dependency", None, 69),
        ("lost", "supervisor_died", None, 71),
        ("lost", "machine_restarted", 0, 71),
        ("failed", "what a newer wf may write", None, 70),
        ("failed", None, 5, 5),
    ],
)
def test_every_end_has_one_code(
    status: str, reason: str | None, exit_code: int | None, expected: int
) -> None:
    assert shell_code(status, reason, exit_code) == expected


@pytest.mark.parametrize("status", ["pending", "provisioning", "running", "collecting"])
def test_a_run_that_is_not_over_has_none(status: str) -> None:
    assert shell_code(status, None, None) is None


def test_a_document_says_it_all() -> None:
    assert of_document({"status": "failed", "reason": "exit_code", "exit_code": 4, "x": 1}) == 4
