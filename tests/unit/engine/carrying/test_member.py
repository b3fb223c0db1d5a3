"""What a child process says to its parent of its jobs, and is told by it."""

from __future__ import annotations

import os
import signal

import pytest

from runner import events
from runner.engine.carrying.member import Ended, Idle, Order, _Orders, _Teller, heard
from runner.process.signals import Interrupted, Signals


@pytest.mark.parametrize(
    "told",
    [
        events.RunCreated("wet-mango-1", "train"),
        events.ServiceReady("JupyterLab", "http://127.0.0.1:4001/lab?token=abc"),
        events.Stopping("SIGTERM", 7200.0),
        events.Waiting("1 core (0 free)", 1, 1),
        events.Waiting("4 GPUs (1 free)", 2, 3, ("bob's calm-moth-1: GPUs 0, 1",), 720.0, 3600.0),
        Ended(3, "failed", "the job exited with 3"),
        Idle(),
    ],
)
def test_what_is_said_is_heard(told: events.Event | Ended | Idle) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as heard_from:
        teller = _Teller(writing)
        teller.say(told)
        teller.notify(events.JobWrote())  # of no interest to the parent
        os.close(writing)
        lines = heard_from.readlines()
    assert [heard(line) for line in lines] == [told]


@pytest.fixture
def signals() -> Signals:
    """Those of a child that waits for something to do."""
    waiting = Signals()
    waiting.arm()
    return waiting


def test_what_is_ordered_is_taken_until_there_is_nothing_more(signals: Signals) -> None:
    reading, writing = os.pipe()
    orders = _Orders(reading, signals)
    for order in (Order("prepare", ()), Order("train", ("wet-mango-1", None))):
        os.write(writing, order.line())
        assert orders.next() == order
    os.write(writing, Order("train", ()).line()[:-1])
    os.close(writing)
    assert orders.next() is None  # whoever gave it has died
    os.close(reading)


def test_who_is_asked_to_end_takes_an_order_that_was_there_before(signals: Signals) -> None:
    """It says then that it does not carry it out: its parent waits for that."""
    reading, writing = os.pipe()
    orders = _Orders(reading, signals)
    os.write(writing, Order("train", ()).line())
    signals.arrived(signal.SIGTERM)
    assert orders.next() == Order("train", ())
    with pytest.raises(Interrupted):
        signals.disarm()
    signals.arm()
    signals.arrived(signal.SIGTERM)
    assert orders.next() is None
    for descriptor in (reading, writing):
        os.close(descriptor)
