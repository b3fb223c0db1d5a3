"""What the index answers, and that no answer makes it read all runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.records.index import Index, Link, Row
from runner.records.state import submitted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture
def index(tmp_path: Path) -> Iterator[Index]:
    made = Index(tmp_path / "index.sqlite")
    yield made
    made.close()


def row(
    number: int,
    workflow: str = "train",
    status: str = "succeeded",
    project: str | None = "/here",
    fingerprint: str | None = "f",
) -> Row:
    at = f"2026-01-01T10:{number // 60:02}:{number % 60:02}.000Z"
    ended = None if status == "running" else at
    return Row(
        f"run-{number}", workflow, "local", status, None, None, at, at, ended, project, fingerprint
    )


def names(rows: list[Row]) -> list[str]:
    return [found.name for found in rows]


ROW = row(1)
QUESTIONS: dict[str, Callable[[Index], object]] = {
    "unfinished": lambda index: index.unfinished(),
    "newest": lambda index: list(index.newest(3)),
    "succeeded in": lambda index: index.succeeded_in("train", "/here", 2),
    "succeeded as": lambda index: index.succeeded_as("train", "f", 2),
    "like": lambda index: index.like("run-1", "train", 5),
    "prefix": lambda index: index.with_prefix("run", 6),
    "ended before": lambda index: index.ended_before("2026"),
    "newer": lambda index: index.newer(ROW, 2),
    "newer success": lambda index: index.newer_success(ROW),
    "made from": lambda index: index.made_from("run-1"),
    "put": lambda index: index.put([ROW], [Link("run-2", "run-1")]),
    "move": lambda index: index.move("run-1", submitted("2026"), 1.0),
    "delete": lambda index: index.delete("run-1"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_no_question_reads_every_run(index: Index, question: str) -> None:
    asked: list[str] = []
    connection = index._connection
    connection.set_trace_callback(asked.append)
    QUESTIONS[question](index)
    connection.set_trace_callback(None)
    asked = [one for one in asked if one.split()[0] in {"SELECT", "DELETE", "INSERT", "UPDATE"}]
    assert asked
    for one in asked:
        steps = [str(step[-1]) for step in connection.execute(f"EXPLAIN QUERY PLAN {one}")]
        read = [step for step in steps if step.startswith("SCAN")]
        # of the runs that are not over there is an index of their own; a subquery has its LIMIT
        allowed = ("SCAN runs USING INDEX runs_unfinished", "SCAN (")
        assert [step for step in read if not step.startswith(allowed)] == []
        assert not any("TEMP B-TREE" in step for step in steps), steps


def test_all_runs_come_newest_first_however_many_pages(index: Index) -> None:
    index.put(row(number % 600)._replace(name=f"run-{number:04}") for number in range(1300))
    found = list(index.newest())
    assert len(found) == len({one.name for one in found}) == 1300
    assert found == sorted(found, key=lambda one: (one.submitted_at, one.name), reverse=True)
    assert list(index.newest(700)) == found[:700]
    assert list(index.newest(0)) == []


def test_runs_that_may_serve(index: Index) -> None:
    index.put(
        [
            row(1),
            row(2, status="failed"),
            row(3, project="/there"),
            row(4, fingerprint="other"),
            row(5, workflow="prepare"),
            row(6),
        ]
    )
    assert names(index.succeeded_in("train", "/here", 9)) == ["run-6", "run-4", "run-1"]
    assert names(index.succeeded_in("train", "/here", 1)) == ["run-6"]
    assert names(index.succeeded_as("train", "f", 9)) == ["run-6", "run-3", "run-1"]


def test_what_is_newer_counts_within_a_workflow_of_a_project(index: Index) -> None:
    rows = [row(1), row(2, status="failed"), row(3, project="/there"), row(4, workflow="prepare")]
    index.put([*rows, row(5, project=None), row(6, project=None)])
    assert index.newer(row(1), 9) == 1
    assert index.newer(row(2, status="failed"), 9) == 0
    assert index.newer(row(5, project=None), 9) == 1
    assert not index.newer_success(row(1))
    assert index.newer_success(row(5, project=None))


def test_what_was_made_from_a_run_is_known_until_it_goes(index: Index) -> None:
    index.put([row(1), row(2)], [Link("run-2", "run-1")])
    index.put([row(2, status="failed")])
    assert index.made_from("run-1") == ["run-2"]
    index.delete("run-2")
    assert index.made_from("run-1") == []
