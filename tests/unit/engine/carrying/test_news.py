"""What one process of wf says to another, and that it never waits for it."""

from __future__ import annotations

import os
import pickle
from typing import TYPE_CHECKING

import pytest

from runner import events
from runner.engine.carrying.news import (
    BatchBegan,
    BatchOver,
    Begun,
    Broke,
    Bug,
    CalledOff,
    Carried,
    JobBegan,
    JobOver,
    JobTold,
    LeftOut,
    News,
    Over,
    Reused,
    Speaker,
    Stopping,
    Submitted,
    Tagged,
    decode,
    encode,
)
from runner.errors import ENVIRONMENT, Edit, Fix, Place, Problem, Related, WfError

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.mark.parametrize(
    "news",
    [
        Reused("wet-mango-1", "train", "same code"),
        Submitted("wet-mango-1"),
        Submitted(None),
        Begun("wet-mango-1", "train"),
        Over("wet-mango-1"),
        LeftOut("evaluate", "failure", "skipped: train failed"),
        BatchBegan(3),
        JobBegan("train", 12.5),
        JobTold("train", events.Waiting("1 core", 1, 2, ("bob's calm-moth-1",), None, 3.0)),
        JobOver("train", 1.5, None, (3, "failed", "it exited with 3", None, None)),
        JobOver("train", None, "download", None),
        Stopping("SIGINT"),
        BatchOver(),
        Tagged("best", "wet-mango-1", None),
        Carried(3, ("wet-mango-1", "shy-newt-2"), (LeftOut("c", "stopped", "skipped"),)),
        CalledOff(2),
        Broke(b"\x80\xff"),
        Bug("ValueError: x", None),
    ],
    ids=lambda news: type(news).__name__,
)
def test_what_is_said_is_heard(news: News) -> None:
    line = encode(news)
    assert line.endswith(b"\n")
    assert line.count(b"\n") == 1
    assert decode(line) == news


def test_an_event_of_another_version_is_passed_over() -> None:
    line = encode(JobTold("train", events.JobWrote())).replace(b"JobWrote", b"JobSang")
    assert decode(line) is None


def test_an_error_arrives_with_its_places() -> None:
    place = Place("workflows.yaml", 3, 5, 9, "    gpu: lots")
    fix = Fix("quote", edits=(Edit(3, 5, 3, 9, '"x"'),))
    problem = Problem("no", place=place, fix=fix, related=(Related("here", place=place),))
    error = WfError(ENVIRONMENT, "said", hint="type", details="uv says", problems=(problem,))
    found = pickle.loads(pickle.dumps(error))
    assert (found.kind, found.message, str(found)) == (ENVIRONMENT, "said", "said")
    assert (found.hint, found.details) == ("type", "uv says")
    (arrived,) = found.problems
    assert (arrived.place.line, arrived.fix.edits[0].text) == (3, '"x"')
    assert arrived.related[0].place.excerpt == "    gpu: lots"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)
    os.set_blocking(writing, False)
    yield reading, writing
    os.close(reading)
    os.close(writing)


def fill(writing: int) -> int:
    """Write until no more goes in; how much did."""
    written = 0
    try:
        while True:
            written += os.write(writing, b"x" * 4096)
    except BlockingIOError:
        return written


def test_who_reads_slowly_is_not_waited_for_and_misses_only_what_passes(
    pipe: tuple[int, int],
) -> None:
    reading, writing = pipe
    speaker = Speaker(writing)
    stuffed = fill(writing)
    speaker.say(Begun("wet-mango-1", "train"))
    assert (speaker.behind, stuffed > 0) == (True, True)
    progress = JobTold("train", events.PhaseProgress("env", "installing"))
    speaker.say(progress, passing=True)
    speaker.say(Over("wet-mango-1"))
    while stuffed:
        stuffed -= len(os.read(reading, stuffed))
    speaker.go_on()
    speaker.say(progress, passing=True)
    heard = [decode(line) for line in os.read(reading, 1 << 16).splitlines()]
    assert heard == [Begun("wet-mango-1", "train"), Over("wet-mango-1"), progress]


def test_nobody_who_listens_is_no_reason_to_fail() -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.close(reading)
    speaker = Speaker(writing)
    speaker.say(Begun("wet-mango-1", "train"))
    speaker.finish(Carried(0, ("wet-mango-1",)))
    assert not speaker.behind
    os.close(writing)
