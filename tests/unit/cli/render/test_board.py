"""Many jobs in lines, and the last thing that a log says."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.board import Board, last_lines, summary
from runner.engine.carrying.batch import Course
from runner.engine.carrying.member import Ended
from runner.events import JobStarted, PhaseProgress, PhaseStarted, RunCreated, Waiting, Warned
from runner.plan.environment import EnvironmentSpec
from runner.plan.plan import Job
from runner.spec.workflow import Resources, ShellCommands

if TYPE_CHECKING:
    import io
    from collections.abc import Callable
    from pathlib import Path

    Streams = Callable[..., io.StringIO]


def now() -> datetime:
    return datetime(2022, 5, 18, 9, 30, tzinfo=timezone.utc)


def course(name: str, ended: Ended | None = None, run: str | None = "wet-mango-1") -> Course:
    """A job, and how it went."""
    job = Job(
        name, "bash", "run", "asked for", ShellCommands(("ls",)), EnvironmentSpec("3.11"),
        (), (), Resources(), ".",
    )  # fmt: skip
    return Course(job, run=run, took=61.0 if run else None, ended=ended)


@pytest.mark.parametrize(
    ("log", "count", "said"),
    [
        (b"one\ntwo\n\n", 1, ["two"]),
        (b"one\ntwo\nthree", 2, ["two", "three"]),
        (b"epoch 1\repoch 2\r", 1, ["epoch 2"]),
        (b"\x1b[31mred\x1b[0m\n", 1, ["red"]),
        (b"bell \x07\n", 1, ["bell \\x07"]),
        (b"", 3, []),
        (b"x" * 100_000 + b"\nend\n", 1, ["end"]),
    ],
)
def test_the_last_lines_of_a_log(tmp_path: Path, log: bytes, count: int, said: list[str]) -> None:
    path = tmp_path / "log"
    path.write_bytes(log)
    assert last_lines(str(path), count) == said


def test_a_log_that_is_not_there() -> None:
    assert last_lines(None, 3) == []
    assert last_lines("/nowhere/log", 3) == []


def test_without_a_terminal_there_are_lines_and_nothing_moves(stream: Streams) -> None:
    out = stream()
    board = Board(out, {}, 2, now)
    assert board.interval is None
    good, bad = course("good"), course("bad", run="shy-newt-2")
    for one in (good, bad):
        board.began(one)
        board.told(one, RunCreated(str(one.run), one.workflow))
    board.told(good, PhaseProgress("env", "installing"))
    waits = Waiting("1 core (0 free)", 1, 2, ("bob's calm-moth-1: core 0",))
    board.told(good, waits)
    board.told(good, waits._replace(likely=3.0))
    board.told(good, JobStarted(1, "/nowhere"))
    board.told(bad, Warned("the artifact `x` is empty"))
    board.tick()
    good.ended = Ended(0, "succeeded", "the job exited with 0")
    bad.ended = Ended(3, "failed", "the job exited with 3", "look at it")
    board.ended(good)
    board.ended(bad)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert lines == [
        "● wet-mango-1 good started",
        "● shy-newt-2 bad started",
        "◌ wet-mango-1 good waiting for 1 core (0 free) · place 1 of 2 · bob's calm-moth-1: core 0",
        "warning: shy-newt-2: the artifact `x` is empty",
        "✓ wet-mango-1 good succeeded in 1m01s",
        "✗ shy-newt-2 bad failed in 1m01s · the job exited with 3",
        "hint: look at it",
    ]


def test_a_job_that_waits_is_seen_to_wait(stream: Streams, monkeypatch: pytest.MonkeyPatch) -> None:
    """On a terminal, in its row."""
    monkeypatch.setenv("COLUMNS", "120")
    out = stream(terminal=True)
    board = Board(out, {"TERM": "xterm", "COLUMNS": "120"}, 1, now)
    waiting = course("waiting-one")
    board.began(waiting)
    board.told(waiting, PhaseStarted("devices", "taking devices"))
    board.told(waiting, Waiting("1 core (0 free)", 1, 2, ("bob's calm-moth-1: core 0",)))
    board.tick()
    board.close()
    shown = next(line for line in out.getvalue().splitlines() if "waiting-one" in line)
    assert "wet-mango-1" in shown
    assert " waiting " in shown
    assert "waiting for 1 core (0 free) · place 1" in shown


def test_a_job_that_was_not_started_says_why(stream: Streams) -> None:
    out = stream()
    left = course("left", run=None)
    left.because = "bad"
    Board(out, {}, 1, now).ended(left)
    left.because = ""
    Board(out, {}, 1, now).ended(left)
    lines = [" ".join(line.split()) for line in out.getvalue().splitlines()]
    assert lines == ["- - left skipped: bad failed", "- - left skipped: stopped before"]


def test_what_another_program_said_is_shown_instead_of_the_log(stream: Streams) -> None:
    out = stream()
    ended = Ended(78, "failed", "cannot install `nix`", None, "uv says\nno such package")
    Board(out, {}, 1, now).ended(course("bad", ended))
    assert "  │ uv says\n  │ no such package\n" in out.getvalue()


def test_the_counts() -> None:
    courses = [
        course("a", Ended(0, "succeeded")),
        course("b", Ended(3, "failed")),
        course("c", Ended(130, "cancelled")),
        course("d", run=None),
    ]
    said = summary(courses, 2, 8.0)
    assert said == "1 succeeded, 2 reused, 1 failed, 1 cancelled, 1 skipped in 8.0s"
