"""A container followed to its end, where its daemon does not answer, or not all that was said came.

The daemon is one that says what a test has it say; what really happens to daemons is in
``tests/integration/test_docker_life.py``.
"""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

import pytest

from runner.containers.faults import Gone, Unreachable
from runner.containers.values import State
from runner.executors.docker.execution import ContainerExecution
from runner.process.sink import LogFile
from runner.spec.workflow import Resources
from tests.fakes.containers import commands, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.process.values import Exit

RUNNING = State("running", 0, 0, False, "")  # noqa: FBT003 - as it is made of an answer
ENDED = State("exited", 0, 0, False, "")  # noqa: FBT003 - as above
KILLED = State("exited", 0, 137, False, "")  # noqa: FBT003 - as above
AWAY = Unreachable("it does not answer")


class Said:
    """A stream of what a container has said."""

    def __init__(self, text: bytes, *, ends: bool) -> None:
        self._reading, self._writing = os.pipe()
        os.write(self._writing, bytes([1, 0, 0, 0]) + len(text).to_bytes(4, "big") + text)
        self._open = not ends
        if ends:
            os.close(self._writing)

    def fileno(self) -> int:
        return self._reading

    def close(self) -> None:
        os.close(self._reading)
        if self._open:
            os.close(self._writing)


class OneContainer:
    """It has said ``live`` while somebody listened, and ``whole`` in the end."""

    id = "abc"

    def __init__(self, *looks: State | Exception, live: Said, whole: bytes) -> None:
        self._looks = list(looks)
        self._live, self._whole = live, whole
        self.read_again = False
        self.removed = False

    def attach(self) -> Said:
        return self._live

    def follow(self) -> Said:
        self.read_again = True
        return Said(self._whole, ends=True)

    def starting(self) -> Callable[[], None]:
        return lambda: None

    def state(self) -> State:
        look = self._looks.pop(0) if len(self._looks) > 1 else self._looks[0]
        if isinstance(look, Exception):
            raise look
        return look

    def remove(self) -> None:
        self.removed = True


class OneDaemon:
    """``listens`` is who listens there, as far as that can be told."""

    address = "unix:///docker.sock"

    def __init__(self, listens: str = "7") -> None:
        self._listens = listens

    def listener(self) -> str:
        return self._listens

    def discard(self, container: OneContainer) -> None:
        container.remove()


class Nothing:
    """No signal comes."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor

    def fileno(self) -> int:
        return self._descriptor

    def take(self) -> list[int]:
        return []


@pytest.fixture
def nothing() -> Iterator[Nothing]:
    reading, writing = os.pipe()
    yield Nothing(reading)
    for descriptor in (reading, writing):
        os.close(descriptor)


def followed(
    daemon: OneDaemon,
    container: OneContainer,
    nothing: Nothing,
    folder: Path,
    memory: int | None = None,
) -> tuple[Exit, bytes]:
    """How it ended, and its log."""
    command = translated(commands("true", job={"resources": Resources(memory=memory)}))
    fakes = (daemon, container, nothing)
    server, made, signals = (_any(one) for one in fakes)
    log = os.open(folder / "log", os.O_RDWR | os.O_CREAT)
    try:
        execution = ContainerExecution(server, command, LogFile(log))
        execution.begin(made, command.spec)
        exited = execution.wait(signals, lambda: None, lambda _: None)
    finally:
        os.close(log)
    return exited, (folder / "log").read_bytes()


def _any(fake: object) -> Any:
    return fake


def test_a_job_that_has_started_goes_on_though_nobody_answers_then(
    nothing: Nothing, tmp_path: Path
) -> None:
    live = Said(b"hello", ends=False)
    container = OneContainer(AWAY, RUNNING, ENDED, live=live, whole=b"hello world")
    exited, log = followed(OneDaemon(), container, nothing, tmp_path)
    assert (exited.code, exited.lost, log) == (0, None, b"hello world")


def test_one_that_is_removed_as_soon_as_it_has_started_did_run(
    nothing: Nothing, tmp_path: Path
) -> None:
    container = OneContainer(Gone("no"), live=Said(b"hello", ends=False), whole=b"")
    exited, _ = followed(OneDaemon(), container, nothing, tmp_path)
    assert exited.lost == "its container was removed while it ran"


def test_output_that_was_cut_off_by_nobody_knows_whom_is_read_again(
    nothing: Nothing, tmp_path: Path
) -> None:
    """A service manager listens for a daemon that was ended, and starts another one."""
    live = Said(b"hello", ends=True)
    container = OneContainer(RUNNING, RUNNING, ENDED, live=live, whole=b"hello world")
    exited, log = followed(OneDaemon(""), container, nothing, tmp_path)
    assert (exited.code, log) == (0, b"hello world")


def test_output_that_has_ended_is_not_read_again(nothing: Nothing, tmp_path: Path) -> None:
    """The daemon knows of an end a moment later."""
    live = Said(b"hello", ends=True)
    container = OneContainer(RUNNING, RUNNING, ENDED, live=live, whole=b"hello")
    exited, log = followed(OneDaemon(), container, nothing, tmp_path)
    assert (exited.code, log, container.read_again) == (0, b"hello", False)
    assert container.removed


@pytest.mark.parametrize(
    ("then", "out_of_memory"),
    [(KILLED._replace(out_of_memory=True), 1), (KILLED, 0), (Gone("no"), 0)],
)
def test_that_memory_ran_out_may_be_told_after_the_end(
    nothing: Nothing, tmp_path: Path, then: State | Exception, out_of_memory: int
) -> None:
    live = Said(b"", ends=True)
    container = OneContainer(RUNNING, KILLED, then, live=live, whole=b"")
    exited, _ = followed(OneDaemon(), container, nothing, tmp_path, memory=64 << 20)
    assert (exited.signal, exited.lost) == (signal.SIGKILL, None)
    assert exited.memory is not None
    assert exited.memory.killed == out_of_memory
