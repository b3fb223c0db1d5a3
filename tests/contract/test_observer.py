"""What every observer keeps to: it takes every event, and whoever tells it never notices."""

from __future__ import annotations

import io
import os
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.live import Watcher
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
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path
    from typing import TextIO

    from runner.events import Event, Observer

_HOSTILE = "\x1b]0;title\x07[red]x[/nope] {} %s \N{SNOWMAN} \udcff"


def a_whole_run(log: Path) -> list[Event]:
    """Every kind of event, in the order of a run."""
    return [
        RunCreated("wet-mango-1", "train"),
        PhaseStarted("code", "copying"),
        PhaseProgress("code", _HOSTILE),
        PhaseFinished("code", "3 files", 0.1),
        PhaseStarted("devices", "taking"),
        Waiting(_HOSTILE, 2, 3, (_HOSTILE,), 720.0, 3600.0),
        PhaseProgress("env", "waiting for another run", waiting=True),
        PhaseFinished("devices", "core 0", 2.0),
        JobStarted(4711, str(log)),
        JobWrote(),
        ServiceReady("JupyterLab", "http://127.0.0.1:8888/lab?token=abc"),
        Stopping("SIGINT"),
        Stopping("SIGTERM", 7200.0),
        Stopping("SIGKILL"),
        JobEnded(),
        Warned(_HOSTILE),
        PhaseStarted("artifacts", "collecting"),
        PhaseFinished("artifacts", "model/ 1 file", 0.0),
    ]


def watcher(err: TextIO, out: TextIO) -> Watcher:
    return Watcher(err, out, {"TERM": "xterm"}, "workflows.yaml:2", now)


def now() -> datetime:
    return datetime(2022, 5, 18, 9, 30, tzinfo=timezone.utc)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "log"
    path.write_bytes(b"hello\n")
    return path


@pytest.fixture
def streams(tmp_path: Path) -> Iterator[tuple[TextIO, TextIO]]:
    with (
        (tmp_path / "err").open("w", encoding="utf-8", errors="backslashreplace") as err,
        (tmp_path / "out").open("w", encoding="utf-8") as out,
    ):
        yield err, out


@pytest.mark.parametrize("kind", ["watcher", "recording"])
def test_takes_every_event(kind: str, streams: tuple[TextIO, TextIO], log: Path) -> None:
    observer: Observer = RecordingObserver() if kind == "recording" else watcher(*streams)
    for event in a_whole_run(log):
        observer.notify(event)


def test_the_recording_one_keeps_them_in_order(log: Path) -> None:
    observer = RecordingObserver()
    told = a_whole_run(log)
    for event in told:
        observer.notify(event)
    assert observer.events == told


def test_the_watcher_shows_the_jobs_bytes_apart_from_the_rest(
    streams: tuple[TextIO, TextIO], log: Path, tmp_path: Path
) -> None:
    observer = watcher(*streams)
    for event in a_whole_run(log):
        observer.notify(event)
    assert (tmp_path / "out").read_bytes() == b"hello\n"
    said = (tmp_path / "err").read_text(encoding="utf-8")
    assert "wet-mango-1" in said
    assert "hello" not in said
    assert "http://127.0.0.1:8888/lab?token=abc\n" in said
    assert "\x1b]0;" not in said


def test_the_watcher_shows_what_was_added_when_it_is_told_and_at_the_end(
    streams: tuple[TextIO, TextIO], log: Path, tmp_path: Path
) -> None:
    observer = watcher(*streams)
    observer.notify(JobStarted(4711, str(log)))
    assert (tmp_path / "out").read_bytes() == b""
    observer.notify(JobWrote())
    assert (tmp_path / "out").read_bytes() == b"hello\n"
    with log.open("ab") as more:
        more.write(b"world\n")
    observer.notify(JobEnded())
    assert (tmp_path / "out").read_bytes() == b"hello\nworld\n"


def test_the_watcher_goes_on_when_nobody_reads_any_more(log: Path) -> None:
    """``wf run … 2>&1 | head``: the run must not end because its audience has left."""
    reading, writing = os.pipe()
    os.close(reading)
    err, out = os.fdopen(writing, "w"), os.fdopen(os.dup(writing), "w")
    observer = watcher(err, out)
    try:
        for event in a_whole_run(log):
            observer.notify(event)
    finally:
        for stream in (err, out):
            try:
                stream.close()
            except BrokenPipeError:
                continue


def test_the_watcher_says_a_reason_for_waiting_once(
    streams: tuple[TextIO, TextIO], tmp_path: Path
) -> None:
    observer = watcher(*streams)
    for _ in range(50):
        observer.notify(PhaseProgress("env", "waiting for another run", waiting=True))
    for seconds in range(50):
        observer.notify(Waiting("1 core (0 free)", 2, 2, likely=100.0 - seconds))
    observer.notify(Waiting("1 core (0 free)", 1, 1))
    said = (tmp_path / "err").read_text(encoding="utf-8").splitlines()
    assert len(said) == 3
    assert "waiting for another run" in said[0]
    assert "waiting for 1 core (0 free) · place 2 of 2 · likely start" in said[1]
    assert said[2].endswith("waiting for 1 core (0 free) · place 1 of 1")


def test_the_watcher_keeps_a_wait_in_one_line_that_moves_on_a_terminal() -> None:
    err = Terminal()
    with watcher(err, err) as observer:
        for place in (3, 2, 1):
            observer.notify(Waiting("4 GPUs (1 free)", place, 3, ("x" * 200,), likely=720.0))
    assert err.getvalue().count("\n") == 1
    assert "devices   waiting for 4 GPUs (1 free) · place" in err.getvalue()


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True
