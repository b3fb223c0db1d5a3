"""What a job is told of the requests to end that arrive for its run."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from signal import SIGINT, SIGKILL, SIGTERM, SIGWINCH
from typing import TYPE_CHECKING

import pytest

from runner.engine.ending.requests import Requests
from runner.paths import RunPaths
from runner.process.signals import Signals
from runner.records import asking

if TYPE_CHECKING:
    from pathlib import Path

    from runner.records.asking import By

NOON = datetime(2026, 1, 1, 12, tzinfo=timezone.utc)


class Desk:
    """A run that requests arrive for, one a second."""

    def __init__(self, paths: RunPaths) -> None:
        self.signals = Signals()
        self.signals.arm()
        self.requests = Requests(self.signals, paths)
        self._paths = paths
        self._now = NOON

    def asked(self, by: By, number: int, *, abort: bool = False) -> list[int]:
        """Somebody asks; what the job is told."""
        self._now += timedelta(seconds=1)
        asking.write(self._paths, asking.request(by, number, self._now, abort=abort))
        return self.arrives(number)

    def arrives(self, number: int) -> list[int]:
        """A signal arrives, and nobody has written down why."""
        self.signals.arrived(number)
        return self.requests.take()


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(RunPaths(tmp_path))


def test_a_request_is_passed_on(desk: Desk) -> None:
    assert desk.asked("stop", SIGTERM) == [SIGTERM]


def test_the_same_request_twice_is_one(desk: Desk) -> None:
    assert desk.asked("stop", SIGTERM) == [SIGTERM]
    assert desk.asked("stop", SIGTERM) == []
    assert desk.arrives(SIGTERM) == []


def test_who_presses_ctrl_c_twice_does_not_want_to_wait(desk: Desk) -> None:
    assert desk.asked("interrupt", SIGINT) == [SIGINT]
    assert desk.asked("interrupt", SIGINT) == [SIGINT]


def test_signals_from_outside_are_passed_on_as_they_are(desk: Desk) -> None:
    assert desk.arrives(SIGTERM) == [SIGTERM]
    assert desk.arrives(SIGTERM) == [SIGTERM]
    assert desk.arrives(SIGWINCH) == [SIGWINCH]


def test_an_abort_is_sigkill_whatever_was_asked_before(desk: Desk) -> None:
    assert desk.asked("stop", SIGTERM, abort=True) == [SIGKILL]


def test_an_abort_overtakes_a_stop_and_is_not_taken_back(desk: Desk) -> None:
    assert desk.asked("stop", SIGTERM) == [SIGTERM]
    assert desk.asked("stop", SIGTERM, abort=True) == [SIGKILL]
    assert desk.asked("interrupt", SIGINT) == [SIGKILL]


def test_a_job_whose_time_is_over_is_not_killed_by_who_stops_it(desk: Desk) -> None:
    desk.requests.sent(SIGTERM)
    assert desk.asked("stop", SIGTERM) == []


def test_but_by_ctrl_c(desk: Desk) -> None:
    desk.requests.sent(SIGTERM)
    assert desk.asked("interrupt", SIGINT) == [SIGINT]
