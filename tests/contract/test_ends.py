"""The engine among fakes: who asked for the end of a run, and what is known of it when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.engine import verdict
from runner.events import JobStarted, PhaseStarted
from runner.process.values import Exit
from runner.records import asking, folder
from runner.records.asking import Asked
from tests.contract.test_engine import Rig
from tests.fakes.executor import FakeExecutor, Script

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.records.asking import By


@pytest.fixture
def rig(tmp_path: Path) -> Iterator[Rig]:
    made = Rig(tmp_path)
    yield made
    made.leases.close()


@pytest.mark.parametrize(
    ("by", "abort", "signals", "reason", "shell"),
    [
        ("stop", False, (15,), "stopped", 143),
        ("stop", True, (9,), "aborted", 143),
        ("stop", True, (15, 9), "aborted", 143),
        ("interrupt", False, (2, 9), "interrupted", 130),
        ("terminated", False, (15,), "terminated", 143),
    ],
)
def test_who_asked_for_the_end_is_on_the_record(
    rig: Rig, by: By, *, abort: bool, signals: tuple[int, ...], reason: str, shell: int
) -> None:
    rig.observer.on(
        JobStarted,
        lambda: asking.write(
            rig.records.find("last"), Asked(by, "SIGTERM", abort, "2026-01-01T00:00:00Z")
        ),
    )
    rig.executor = FakeExecutor(Script(Exit(None, signals[-1], asked=signals)))
    finished = rig.run()
    assert finished.exit_code == shell
    assert (finished.document["status"], finished.document["reason"]) == ("cancelled", reason)
    assert ("had to be killed" in finished.document["message"]) == (len(signals) > 1)


def test_how_the_job_ended_is_on_the_disk_before_anything_is_collected(rig: Rig) -> None:
    seen: list[Any] = []
    rig.observer.on(
        PhaseStarted, lambda: seen.append(folder.read(rig.records.find("last").verdict))
    )
    rig.executor = FakeExecutor(Script(Exit(3, None)))
    rig.run()
    assert seen[-1] == {
        "status": "failed",
        "reason": "exit_code",
        "message": "the job exited with 3",
        "exit_code": 3,
        "hint": None,
        "shell_code": 3,
    }
    assert verdict.read(rig.records.find("last")) == verdict.judge(Exit(3, None))
