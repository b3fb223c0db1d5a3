"""A container for one command does not outlive whoever wanted it."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING, cast

import pytest

from runner.containers.errands import errand
from runner.containers.values import ContainerSpec

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.containers.daemon import Daemon


class Made:
    """A container of a daemon that never answers; who waits for its end is asked to leave."""

    told = False
    removed = False

    def ending(self) -> None:
        os.kill(os.getpid(), signal.SIGTERM)

    def remove(self) -> None:
        self.removed = True


class Making:
    """A daemon; a signal arrives after it has made the container, and before it has said so."""

    def __init__(self, made: Made, *numbers: int) -> None:
        self._made = made
        self._numbers = numbers

    def create(self, spec: ContainerSpec) -> Made:
        assert spec.passing
        for number in self._numbers:
            os.kill(os.getpid(), number)
        self._made.told = True
        return self._made


@pytest.fixture(autouse=True)
def _ended_by_signals() -> Iterator[None]:
    numbers = (signal.SIGTERM, signal.SIGINT)
    before = [signal.signal(number, lambda *_: sys.exit(3)) for number in numbers]
    yield
    for number, handler in zip(numbers, before, strict=True):
        signal.signal(number, handler)


@pytest.fixture(autouse=True)
def _another_thread() -> Iterator[None]:
    """One that signals may come to as well."""
    end = threading.Event()
    thread = threading.Thread(target=end.wait)
    thread.start()
    yield
    end.set()
    thread.join()


@pytest.mark.parametrize("numbers", [(signal.SIGTERM,), (signal.SIGINT,), ()])
def test_its_container_goes_along_whenever_it_is_asked_to_end(numbers: tuple[int, ...]) -> None:
    made = Made()
    daemon = cast("Daemon", Making(made, *numbers))
    with pytest.raises(SystemExit):
        errand(daemon, ContainerSpec("", "sha256:a"), lambda _chunk, _stderr: None)
    assert made.removed


def test_a_person_who_insists_does_not_wait_for_the_daemon() -> None:
    made = Made()
    daemon = cast("Daemon", Making(made, signal.SIGINT, signal.SIGINT))
    with pytest.raises(SystemExit):
        errand(daemon, ContainerSpec("", "sha256:a"), lambda _chunk, _stderr: None)
    assert not made.told
