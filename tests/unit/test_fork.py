"""Children of a command: what they say, how they end, and that they do not stay."""

from __future__ import annotations

import os
import select
import signal
import time

from runner.fork import Child, Nursery
from tests.conftest import PATIENCE_SECONDS


def said(child: Child) -> bytes:
    """All that a child says, until it ends."""
    heard = b""
    while select.select([child.output], [], [], PATIENCE_SECONDS)[0]:
        chunk = os.read(child.output, 1 << 16)
        if not chunk:
            return heard
        heard += chunk
    raise AssertionError(heard)


def sleep(descriptor: int) -> None:
    os.write(descriptor, b"begun")
    time.sleep(PATIENCE_SECONDS)


def test_a_child_says_something_and_ends() -> None:
    nursery = Nursery()
    child = nursery.make(lambda descriptor: _say(descriptor, b"hello"))
    assert said(child) == b"hello"
    assert child.collect() == 0
    nursery.close()


def _say(descriptor: int, text: bytes) -> None:
    os.write(descriptor, text)


def test_a_child_has_its_own_group_and_signals() -> None:
    nursery = Nursery()
    child = nursery.make(lambda descriptor: _say(descriptor, str(os.getpgrp()).encode()))
    assert int(said(child)) == child.pid
    child.collect()
    child.signal(signal.SIGTERM)  # after its end that means nothing
    nursery.close()


def test_children_are_asked_to_end_when_nobody_is_left_to_wait_for_them() -> None:
    nursery = Nursery()
    children = [nursery.make(sleep) for _ in range(2)]
    for child in children:
        assert os.read(child.output, 5) == b"begun"
    nursery.close()
    for child in children:
        assert said(child) == b""
        assert child.collect() == -signal.SIGTERM
