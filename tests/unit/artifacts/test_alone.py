"""A file is taken in as it is only when nobody else can write to it meanwhile."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.store.taking import is_alone
from tests.unit.artifacts.taking_in import apart

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def file(tmp_path: Path) -> Path:
    made = tmp_path / "file"
    made.write_bytes(b"content")
    return made


def _exit_code(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


@pytest.mark.parametrize("silent", [False, True])
def test_who_wants_to_write_waits_and_ends_nobody(file: Path, *, silent: bool) -> None:
    def look() -> None:
        if silent:
            signal.signal(signal.SIGIO, signal.SIG_IGN)
        descriptor = os.open(file, os.O_RDONLY)
        assert is_alone(descriptor, silent=silent)
        # here the kernel tells who has the lease
        writing = apart(lambda: os.open(file, os.O_WRONLY | os.O_NONBLOCK))
        assert _exit_code(writing) == 1
        os.close(descriptor)
        assert _exit_code(apart(lambda: os.open(file, os.O_WRONLY | os.O_NONBLOCK))) == 0

    assert _exit_code(apart(look)) == 0


def test_it_is_not_alone_while_somebody_has_it_open_for_writing(file: Path) -> None:
    reading = os.open(file, os.O_RDONLY)
    writing = os.open(file, os.O_WRONLY)
    assert is_alone(reading) is False
    os.close(writing)
    assert is_alone(reading)
    os.close(reading)
