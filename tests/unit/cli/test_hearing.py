"""A command that shows a run, and who wants to see no more of it."""

from __future__ import annotations

import os
import signal
import weakref

import pytest

from runner.cli.hearing import Hearing, Leaving


class Thing:
    """What is called back about when it goes."""


def test_a_wish_to_leave_that_python_drops_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """As it does where a signal comes while it calls back."""
    dropped: list[object] = []
    monkeypatch.setattr("sys.unraisablehook", lambda told: dropped.append(told.exc_value))
    thing = Thing()
    called = weakref.ref(thing, lambda _: os.kill(os.getpid(), signal.SIGQUIT))
    with Hearing() as hearing:
        hearing.aim(lambda _number: None)
        hearing.check()
        del thing
        assert called() is None
        assert [type(error) for error in dropped] == [Leaving]
        with pytest.raises(Leaving) as raised:
            hearing.check()
    assert raised.value.signal == signal.SIGQUIT


def test_a_wish_to_leave_waits_until_there_is_something_to_leave() -> None:
    with Hearing() as hearing:
        os.kill(os.getpid(), signal.SIGQUIT)
        hearing.check()
        with pytest.raises(Leaving):
            hearing.aim(lambda _number: None)
