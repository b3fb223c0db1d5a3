"""A run that waits leaves a note, and takes it away."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from runner.engine.noting import Noting
from runner.events import PhaseStarted, Waiting
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from pathlib import Path

    from runner.events import Event

WAITS = Waiting("4 GPUs (1 free)", 2, 3, ("bob's calm-moth-1: GPU 0",), 720.0)


def test_the_note_is_there_as_long_as_the_wait(tmp_path: Path) -> None:
    path, watching = tmp_path / "waiting.json", RecordingObserver()
    told: list[Event] = [PhaseStarted("devices", "taking devices"), WAITS, WAITS._replace(place=1)]
    with Noting(path, watching) as noting:
        noting.notify(told[0])
        assert not path.exists()
        noting.notify(told[1])
        assert json.loads(path.read_text()) == {
            "short_of": "4 GPUs (1 free)", "place": 2, "places": 3,
        }  # fmt: skip
        noting.notify(told[2])
        assert json.loads(path.read_text())["place"] == 1
    assert not path.exists()
    assert watching.events == told


def test_what_only_counts_down_is_not_written_again(tmp_path: Path) -> None:
    path = tmp_path / "waiting.json"
    with Noting(path, RecordingObserver()) as noting:
        noting.notify(WAITS)
        first = path.stat().st_ino
        noting.notify(WAITS._replace(likely=719.0))
        assert path.stat().st_ino == first


def test_who_is_interrupted_waits_no_more(tmp_path: Path) -> None:
    path = tmp_path / "waiting.json"

    def interrupted() -> None:
        with Noting(path, RecordingObserver()) as noting:
            noting.notify(WAITS)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert not path.exists()


def test_a_disk_that_is_full_stops_nobody(tmp_path: Path) -> None:
    watching = RecordingObserver()
    with Noting(tmp_path / "nowhere" / "waiting.json", watching) as noting:
        noting.notify(WAITS)
    assert watching.events == [WAITS]
