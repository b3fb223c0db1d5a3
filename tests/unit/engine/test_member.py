"""What a job in a child process says to its parent."""

from __future__ import annotations

import os

import pytest

from runner import events
from runner.engine.member import Ended, _Teller, heard


@pytest.mark.parametrize(
    "told",
    [
        events.RunCreated("wet-mango-1", "train"),
        events.ServiceReady("JupyterLab", "http://127.0.0.1:4001/lab?token=abc"),
        events.Stopping("SIGTERM", 7200.0),
        events.Waiting("1 core (0 free)", 1, 1),
        events.Waiting("4 GPUs (1 free)", 2, 3, ("bob's calm-moth-1: GPUs 0, 1",), 720.0, 3600.0),
        Ended(3, "failed", "the job exited with 3"),
    ],
)
def test_what_is_said_is_heard(told: events.Event | Ended) -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as heard_from:
        teller = _Teller(writing)
        teller.say(told)
        teller.notify(events.JobWrote())  # of no interest to the parent
        os.close(writing)
        lines = heard_from.readlines()
    assert [heard(line) for line in lines] == [told]
