"""Ports: free ones are free, held ones are held, and who sits on a busy one is named."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest

from runner.allocation.ports import HeldPorts, answers
from runner.spec.workflow import Ports

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def listener() -> Iterator[int]:
    """A port that this process listens on."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_free_ports_differ_and_can_be_taken_once_they_are_left() -> None:
    held = HeldPorts(Ports(free=3), more=1)
    assert len(set(held.numbers)) == 4
    for port in held.numbers:
        with pytest.raises(OSError, match="in use"):
            socket.create_server(("127.0.0.1", port))
    held.let_go()
    held.let_go()
    for port in held.numbers:
        socket.create_server(("127.0.0.1", port)).close()


def test_fixed_ports_come_first() -> None:
    probe = HeldPorts(Ports(free=1))
    probe.let_go()
    fixed = probe.numbers[0]
    held = HeldPorts(Ports(fixed=(fixed,), free=1))
    held.let_go()
    assert held.numbers[0] == fixed
    assert held.numbers[1] not in {0, fixed}
    assert held.busy == {}


@pytest.mark.skipif(not os.path.exists("/proc/net/tcp"), reason="/proc/net is Linux's")
def test_a_busy_port_is_told_with_its_holder(listener: int) -> None:
    held = HeldPorts(Ports(fixed=(listener,)))
    held.let_go()
    assert held.numbers == (listener,)
    assert str(held.busy[listener]).endswith(f"(process {os.getpid()})")


def test_an_answer_tells_a_port_that_serves(listener: int) -> None:
    assert answers(listener)
    free = HeldPorts(Ports(free=1))
    assert not answers(free.numbers[0])
    free.let_go()
