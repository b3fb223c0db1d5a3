"""Signals that come at the worst moment: after the last step before a wait.

The kernel gives such a signal to a process that is not waiting yet, and the handler cannot run
before the wait is over. Here it is given to another thread, so that the wait is not interrupted
either: what ends it must be the signal itself.
"""

from __future__ import annotations

import os
import select
import signal
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runner.process.signals import Signals

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

NUMBER = signal.SIGWINCH
PATIENCE_MS = 20_000


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = signal.getsignal(NUMBER)
    yield
    signal.signal(NUMBER, before)
    signal.set_wakeup_fd(-1)


@contextmanager
def heard_elsewhere() -> Iterator[Callable[[], None]]:
    """Sends the signal to a thread that has nothing to do with it."""
    wanted, told = threading.Event(), threading.Event()

    def take() -> None:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {NUMBER})
        told.set()
        wanted.wait()
        os.kill(os.getpid(), NUMBER)

    signal.pthread_sigmask(signal.SIG_BLOCK, {NUMBER})
    thread = threading.Thread(target=take)
    thread.start()
    told.wait()
    try:
        yield wanted.set
    finally:
        wanted.set()
        thread.join()
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {NUMBER})


def is_woken(descriptor: int, send: Callable[[], None]) -> bool:
    poller = select.poll()
    poller.register(descriptor, select.POLLIN)
    send()
    return bool(poller.poll(PATIENCE_MS))


def test_a_wait_ends_for_a_signal_that_came_just_before_it() -> None:
    signals = Signals()
    signals.arm()
    with heard_elsewhere() as send:
        signals.listen([NUMBER])
        assert is_woken(signals.fileno(), send)
    assert signals.take() == [NUMBER]
    assert signals.take() == []


def test_a_wait_ends_for_a_signal_that_somebody_else_hears() -> None:
    signals = Signals()
    heard: list[int] = []
    with heard_elsewhere() as send:
        signal.signal(NUMBER, lambda number, _: heard.append(number))
        signals.wake()
        assert is_woken(signals.fileno(), send)
    assert heard == [NUMBER]
    assert signals.take() == []
    assert not select.select([signals], [], [], 0)[0]
