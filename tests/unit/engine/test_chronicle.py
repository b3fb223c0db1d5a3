"""What a run's folder tells of it, for those who watch."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING

import pytest

from runner.engine.chronicle import Chronicle
from runner.events import (
    JobEnded,
    JobStarted,
    JobWrote,
    PhaseFinished,
    PhaseProgress,
    PhaseStarted,
    RunCreated,
    ServiceReady,
    Stopping,
    Waiting,
    Warned,
)
from runner.paths import RunPaths
from runner.records import folder, progress
from runner.records.events import EventReader
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from pathlib import Path

    from runner.events import Event

WAITS = Waiting("4 GPUs (1 free)", 2, 3, ("bob's calm-moth-1: GPU 0",), 720.0)
LASTING: list[Event] = [
    RunCreated("wet-mango-1", "train"),
    PhaseStarted("code", "copying"),
    PhaseFinished("code", "3 files", 0.5),
    JobStarted(4711, "/somewhere/log"),
    Stopping("SIGTERM", 7200.0),
    Warned("the artifact `x` is empty"),
    JobEnded(),
]


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path)


def test_what_lasts_is_there_to_be_read_with_its_time(paths: RunPaths) -> None:
    observer = RecordingObserver()
    chronicle, reader = Chronicle(paths, observer), EventReader(paths.events)
    assert reader.new() == []
    for event in LASTING[:3]:
        chronicle.notify(event)
    assert reader.new() == LASTING[:3]
    for event in (*LASTING[3:], JobWrote()):
        chronicle.notify(event)
    chronicle.close()
    assert reader.new() == LASTING[3:]
    assert reader.new() == []
    assert observer.events == [*LASTING, JobWrote()]
    lines = [json.loads(line) for line in paths.events.read_text().splitlines()]
    assert all(line["at"].endswith("Z") for line in lines)


def test_half_a_line_is_read_when_its_other_half_is_there(paths: RunPaths) -> None:
    chronicle = Chronicle(paths, RecordingObserver())
    chronicle.notify(LASTING[0])
    chronicle.notify(LASTING[1])
    whole = paths.events.read_bytes()
    paths.events.write_bytes(whole[:-20])
    reader = EventReader(paths.events)
    assert reader.new() == [LASTING[0]]
    paths.events.write_bytes(whole)
    assert reader.new() == [LASTING[1]]


def test_what_is_no_event_is_passed_over(paths: RunPaths) -> None:
    paths.events.write_text('{"event": "Sang"}\n\x00\n[1]\n{"event": "Warned", "text": "x"}\n')
    assert EventReader(paths.events).new() == [Warned("x")]


def test_what_moves_is_replaced_and_goes_with_its_phase(paths: RunPaths) -> None:
    chronicle = Chronicle(paths, RecordingObserver())
    for text in ("1 of 9", "2 of 9"):
        chronicle.notify(PhaseProgress("env", text))
    said = folder.read(paths.progress)
    assert said
    assert (said["kind"], said["phase"], said["text"]) == ("phase", "env", "2 of 9")
    chronicle.notify(PhaseFinished("env", "python 3.11", 1.0))
    assert not paths.progress.exists()
    chronicle.notify(WAITS)
    chronicle.close()
    assert not paths.progress.exists()


def test_a_wait_lasts_but_not_each_minute_of_it(paths: RunPaths) -> None:
    chronicle = Chronicle(paths, RecordingObserver())
    for left in (720.0, 719.0, 718.0):
        chronicle.notify(WAITS._replace(likely=left))
    for _ in range(3):
        chronicle.notify(PhaseProgress("env", "waiting for another run", waiting=True))
    found = EventReader(paths.events).new()
    assert found == [WAITS, PhaseProgress("env", "waiting for another run", waiting=True)]


def test_a_wait_is_told_with_the_time_that_has_passed(paths: RunPaths) -> None:
    chronicle = Chronicle(paths, RecordingObserver())
    chronicle.notify(WAITS)
    said = folder.read(paths.progress)
    assert said
    now = datetime.fromisoformat(said["at"].replace("Z", "+00:00"))
    found = progress.to_event(said, now + timedelta(seconds=20))
    assert found == WAITS._replace(likely=700.0)


@pytest.mark.parametrize("said", [{}, {"kind": "job"}, {"kind": "wait", "at": "soon"}])
def test_progress_of_another_kind_is_no_event(said: dict[str, object]) -> None:
    assert progress.to_event(said, datetime.now(timezone.utc)) is None


def test_the_secret_of_an_address_is_not_written_down(paths: RunPaths) -> None:
    folder.write(paths.served, {"ports": [1], "service": "http://h:1/?token=…"}, durable=False)
    observer = RecordingObserver()
    Chronicle(paths, observer).notify(ServiceReady("JupyterLab", "http://h:1/?token=abc"))
    assert EventReader(paths.events).new() == [ServiceReady("JupyterLab", "http://h:1/?token=…")]
    assert observer.events == [ServiceReady("JupyterLab", "http://h:1/?token=abc")]


def test_a_folder_that_cannot_be_written_is_no_reason_to_fail(tmp_path: Path) -> None:
    observer = RecordingObserver()
    chronicle = Chronicle(RunPaths(tmp_path / "gone"), observer)
    for event in (*LASTING, WAITS):
        chronicle.notify(event)
    chronicle.close()
    assert observer.events == [*LASTING, WAITS]
