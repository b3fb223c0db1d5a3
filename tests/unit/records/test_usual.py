"""How long runs of a workflow usually take."""

from __future__ import annotations

import sqlite3
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.paths import Home
from runner.records.index import Row
from runner.records.past import usual
from runner.records.store import Records

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def records(tmp_path: Path) -> Records:
    return Records(Home(tmp_path), lambda: datetime.now(timezone.utc))


def add(  # noqa: PLR0917
    records: Records,
    name: str,
    minute: int,
    seconds: int | None,
    status: str = "succeeded",
    project: str = "/here",
    workflow: str = "train",
) -> None:
    started = f"2026-01-01T10:{minute:02}:00.000Z"
    ended = None if seconds is None else f"2026-01-01T10:{minute:02}:{seconds:02}.500Z"
    row = Row(name, workflow, "local", status, None, 0, started, started, ended, project)
    records.index().put([row])


def test_the_median_of_the_last_ones_that_succeeded_here(records: Records) -> None:
    for minute, seconds in enumerate((1, 50, 51, 12, 10, 14, 11)):
        add(records, f"run-{minute}", minute, seconds)
    add(records, "failed-1", 20, 2, status="failed")
    add(records, "elsewhere-1", 21, 3, project="/there")
    add(records, "other-1", 22, 4, workflow="prepare")
    add(records, "now-1", 30, None, status="pending")
    assert usual(records, "now-1", "train") == 12.5


def test_nobody_knows_of_a_workflow_that_never_succeeded(records: Records) -> None:
    add(records, "now-1", 30, None, status="pending")
    add(records, "failed-1", 20, 2, status="failed")
    assert usual(records, "now-1", "train") is None


def test_a_guess_is_no_reason_to_fail(tmp_path: Path) -> None:
    (tmp_path / "index.sqlite").write_bytes(b"no database " * 1000)
    records = Records(Home(tmp_path), lambda: datetime.now(timezone.utc))
    assert usual(records, "now-1", "train") is None


def test_history_does_not_make_it_dearer(records: Records, tmp_path: Path) -> None:
    add(records, "now-1", 30, None)
    asked: list[str] = []
    records.index()._connection.set_trace_callback(asked.append)
    usual(records, "now-1", "train")
    records.close()
    with sqlite3.connect(Home(tmp_path).database) as connection:
        steps = connection.execute(f"EXPLAIN QUERY PLAN {asked[-1]}").fetchall()
    connection.close()
    said = [step[-1] for step in steps]
    assert any("runs_that_serve" in step for step in said)
    assert not any(step.startswith("SCAN") or "TEMP B-TREE" in step for step in said)
