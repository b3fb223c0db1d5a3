"""That somebody asked for a run's end."""

from __future__ import annotations

import fcntl
import json
import os
import signal
import subprocess
import sys
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.engine.ending.stop import Stop
from runner.paths import RunPaths
from runner.records import asking, supervision
from runner.records.asking import Asked

if TYPE_CHECKING:
    from pathlib import Path

POLITE = Asked("stop", "SIGTERM", abort=False, at="2026-01-01T00:00:00.000Z")
ABORT = POLITE._replace(abort=True)
NOW = datetime(2026, 1, 1, tzinfo=timezone.utc)

SUPERVISOR = """
import signal, sys, pathlib
from runner.paths import RunPaths
from runner.records import supervision
paths = RunPaths(pathlib.Path(sys.argv[1]))
held = supervision.hold(paths)
signal.signal(signal.SIGTERM, lambda *_: sys.exit(paths.asked.read_text()))
print("ready", flush=True)
signal.pause()
"""


@pytest.fixture
def paths(tmp_path: Path) -> RunPaths:
    return RunPaths(tmp_path)


def test_what_was_asked_is_read_again(paths: RunPaths) -> None:
    assert asking.read(paths) is None
    asking.write(paths, POLITE)
    assert asking.read(paths) == POLITE
    assert POLITE.number == signal.SIGTERM
    assert not asking.aborted(paths)
    asking.write(paths, ABORT)
    assert asking.aborted(paths)


def test_who_asks_for_less_does_not_take_an_abort_back(paths: RunPaths) -> None:
    asking.write(paths, ABORT)
    asking.write(paths, Asked("interrupt", "SIGINT", abort=False, at="later"))
    assert asking.read(paths) == ABORT


@pytest.mark.parametrize(
    "written",
    [
        b"",
        b"{",
        b"[]",
        b'{"by": "stop"}',
        json.dumps({**POLITE._asdict(), "by": "nobody"}).encode(),
        json.dumps({**POLITE._asdict(), "signal": "SIGNOTHING"}).encode(),
    ],
)
def test_what_cannot_be_read_was_not_asked(paths: RunPaths, written: bytes) -> None:
    paths.asked.write_bytes(written)
    assert asking.read(paths) is None


def test_it_is_on_the_disk_before_the_signal_arrives(paths: RunPaths) -> None:
    command = [sys.executable, "-c", SUPERVISOR, str(paths.root)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as supervisor:
        assert supervisor.stdout is not None
        assert supervisor.stdout.readline() == b"ready\n"
        Stop(paths, NOW, abort=True).ask()
        _, said = supervisor.communicate(timeout=60)
    assert json.loads(said) == asking.request("stop", signal.SIGTERM, NOW, abort=True)._asdict()


def test_nobody_is_there_to_be_asked(paths: RunPaths) -> None:
    stop = Stop(paths, NOW, abort=False)
    stop.ask()
    assert (stop.pid, stop.trouble) == (None, None)


def test_who_goes_on_with_another_run_knows_that_no_signal_for_this_one_is_on_its_way(
    paths: RunPaths,
) -> None:
    os.close(supervision.hold(paths))
    assert supervision.done_with(paths)
    sending = os.open(paths.root, os.O_RDONLY)
    fcntl.flock(sending, fcntl.LOCK_SH)  # as one does who has just seen that it is carried out
    assert not supervision.done_with(paths)
    os.close(sending)
    assert supervision.done_with(paths)
    assert not supervision.done_with(RunPaths(paths.root / "removed"))
