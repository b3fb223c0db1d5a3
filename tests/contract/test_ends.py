"""The engine among fakes: who asked for the end of a run, and what is known of it when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from runner.engine.ending import verdict
from runner.engine.retrying import Patience
from runner.events import JobStarted, PhaseStarted, Warned
from runner.process.values import Exit
from runner.records import asking, folder
from runner.records.asking import Asked
from runner.spec.workflow import Retry
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


RETRY = Retry(("error", "interruption"), 3600)


def attempts(rig: Rig) -> list[tuple[int, str | None, int | None]]:
    return [(one["number"], one["reason"], one["exit_code"]) for one in rig.document()["attempts"]]


@pytest.fixture
def no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Patience, "pause", 0.0)


@pytest.mark.usefixtures("no_pause")
def test_a_job_is_started_again_in_the_same_run(rig: Rig) -> None:
    rig.executor = FakeExecutor(
        Script(Exit(1, None), b"one\n", {"model/a": b""}),
        Script(Exit(None, 9), b"two\n", {"model/b": b""}),
        Script(output=b"three\n", files={"model/c": b""}),
    )
    finished = rig.run(retry=RETRY)
    assert finished.exit_code == 0
    assert attempts(rig) == [(1, "exit_code", 1), (2, "signal", 137), (3, "exit_code", 0)]
    assert rig.statuses() == ["pending", "provisioning", "running", "collecting", "succeeded"]
    paths = rig.records.find("last")
    log = paths.log.read_bytes()
    assert log == b"one\ntwo\nthree\n"
    offsets = [one["log_offset"] for one in rig.document()["attempts"]]
    assert [log[start:][:3] for start in offsets] == [b"one", b"two", b"thr"]
    # what was written stays for the next one, and is kept in the end
    assert finished.document["artifacts"][0]["files"] == 3
    assert [event.start for event in rig.observer.of(JobStarted)] == offsets
    assert all(one["finished_at"] for one in rig.document()["attempts"])


@pytest.mark.usefixtures("no_pause")
@pytest.mark.parametrize(
    ("retry", "exited"),
    [
        (None, Exit(1, None)),
        (Retry(("interruption",)), Exit(1, None)),
        (Retry(("error",)), Exit(None, 9)),
        (Retry(("no-capacity",)), Exit(1, None)),
        (RETRY, Exit(None, 15, asked=(15,))),
        (RETRY, Exit(0, None)),
    ],
)
def test_other_ends_are_the_end(rig: Rig, retry: Retry | None, exited: Exit) -> None:
    rig.executor = FakeExecutor(Script(exited), Script())
    rig.run(retry=retry)
    assert len(rig.executor.started) == 1
    assert rig.document()["attempts"] == []
    assert "in attempt" not in rig.document()["message"]


def test_a_job_that_fails_on_and_on_is_given_up(rig: Rig) -> None:
    rig.executor = FakeExecutor(Script(Exit(3, None)))
    finished = rig.run(retry=Retry(("error",), 2))
    assert finished.exit_code == 3
    assert attempts(rig) == [(1, "exit_code", 3), (2, "exit_code", 3)]
    assert (
        "the job exited with 3, in attempt 2; it has been failing for"
        in (finished.document["message"])
    )


def test_a_pause_ends_when_somebody_wants_the_end(rig: Rig) -> None:
    stop = Asked("stop", "SIGTERM", abort=False, at="2026-01-01T00:00:00Z")

    def ask() -> None:
        asking.write(rig.records.find("last"), stop)
        rig.signals.arrived(stop.number)

    rig.observer.on(Warned, ask)
    rig.executor = FakeExecutor(Script(Exit(3, None), files={"model/x": b""}), Script())
    finished = rig.run(retry=RETRY)
    assert finished.exit_code == 143
    document = finished.document
    assert (document["status"], document["reason"]) == ("cancelled", "stopped")
    assert "before it was started again (the job exited with 3)" in document["message"]
    assert document["exit_code"] == 3
    assert document["artifacts"][0]["files"] == 1
    assert len(rig.executor.started) == 1


def test_an_abort_gives_up_what_was_collected_so_far(rig: Rig) -> None:
    def abort() -> None:
        paths = rig.records.find("last")
        if (paths.artifacts / "model").exists() or paths.verdict.exists():
            asking.write(paths, Asked("stop", "SIGTERM", abort=True, at="2026-01-01T00:00:00Z"))
            rig.signals.arrived(15)

    rig.observer.on(PhaseStarted, abort)
    rig.executor = FakeExecutor(Script(files={"model/x": b""}))
    finished = rig.run()
    assert finished.exit_code == 143
    assert finished.document["reason"] == "aborted"
    assert "while it was collecting (the job exited with 0)" in finished.document["message"]
    assert finished.document["artifacts"] == []
    assert not rig.records.find("last").artifacts.exists()
    assert verdict.read(rig.records.find("last")).reason == "aborted"  # type: ignore[union-attr]
