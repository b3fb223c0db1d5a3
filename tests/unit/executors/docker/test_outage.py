"""A daemon that is away: how often it is asked, and when it is given up."""

from __future__ import annotations

from runner.executors.docker.outage import PATIENCE_SECONDS, Outage


def test_it_is_asked_less_and_less_often() -> None:
    outage = Outage(0.0)
    pauses = [outage.pause() for _ in range(8)]
    assert pauses == sorted(pauses)
    assert (pauses[0], pauses[-1]) == (0.1, 2.0)


def test_as_long_as_the_job_lives_there_is_no_hurry() -> None:
    outage = Outage(100.0)
    later = 100.0 + PATIENCE_SECONDS
    assert not outage.hopeless(later, lives=True)
    assert not outage.hopeless(later - 1, lives=False)
    assert outage.hopeless(later, lives=False)
