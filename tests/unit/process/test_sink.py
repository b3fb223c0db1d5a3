"""What a log holds when it can be written, and when it cannot."""

from __future__ import annotations

import errno
import os
import resource
import struct
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest

from runner.process import sink
from runner.process.sink import LogFile

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# as a file meets its limit
WHY = os.strerror(errno.EFBIG)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@contextmanager
def opened(path: Path) -> Iterator[LogFile]:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
    try:
        yield LogFile(descriptor, f"{path}.times")
    finally:
        os.close(descriptor)


@pytest.fixture
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A disk that was full is looked at again at every write."""
    monkeypatch.setattr(sink, "_TRY_AGAIN_SECONDS", 0.0)


@contextmanager
def room(size: int) -> Iterator[None]:
    """No file can grow beyond ``size``."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def put(log: LogFile, text: bytes) -> None:
    log.write(memoryview(text))


def times(path: Path) -> list[tuple[int, int]]:
    return list(struct.iter_unpack("<QQ", path.with_name("log.times").read_bytes()))


def test_bytes_are_written_in_order_after_what_is_there(path: Path) -> None:
    path.write_bytes(b"before\n")
    with opened(path) as log:
        put(log, b"a\0\xff")
        put(log, b"b")
        log.finish()
        assert log.error is None
    assert path.read_bytes() == b"before\na\0\xffb"


@pytest.mark.usefixtures("_at_once")
def test_what_is_missing_is_marked_once_there_is_room_again(path: Path) -> None:
    with opened(path) as log:
        with room(10):
            put(log, b"0123456\n8")
            put(log, b"9abc")
            put(log, b"def\n")
            assert log.error == f"7 bytes of it could not be written: {WHY}"
        put(log, b"on\n")
        log.finish()
        assert log.error == f"7 bytes of it could not be written: {WHY}"
    mark = f"[wf: 7 bytes are missing here: {WHY}]\n".encode()
    assert path.read_bytes() == b"0123456\n89\n" + mark + b"on\n"


@pytest.mark.usefixtures("_at_once")
def test_a_mark_for_which_there_is_only_half_the_room_is_not_written(path: Path) -> None:
    with opened(path) as log:
        with room(10):
            put(log, b"0123456789abc")
        with room(30):
            put(log, b"more\n")
            assert path.read_bytes() == b"0123456789"
        put(log, b"end\n")
    mark = f"[wf: 8 bytes are missing here: {WHY}]\n".encode()
    assert path.read_bytes() == b"0123456789\n" + mark + b"end\n"


@pytest.mark.usefixtures("_at_once")
def test_every_gap_has_its_own_mark_and_all_are_counted(path: Path) -> None:
    with opened(path) as log:
        for _ in range(2):
            with room(max(path.stat().st_size, 1)):
                put(log, b"123")
            put(log, b"+\n")
        assert log.error == f"5 bytes of it could not be written: {WHY}"
    assert path.read_bytes().count(b"are missing here") == 2


def test_a_disk_that_is_full_is_not_tried_at_every_write(path: Path) -> None:
    with opened(path) as log:
        with room(1):
            put(log, b"123")
        put(log, b"456")
        assert path.read_bytes() == b"1"
        log.finish()
        assert log.error == f"5 bytes of it could not be written: {WHY}"
    assert path.read_bytes() == f"1\n[wf: 5 bytes are missing here: {WHY}]\n".encode()


def test_nothing_is_said_of_a_log_that_was_never_written(path: Path) -> None:
    with opened(path) as log:
        log.finish()
        assert log.error is None
    assert not path.with_name("log.times").exists()


def test_a_log_that_somebody_removed_is_told_of(path: Path) -> None:
    with opened(path) as log:
        put(log, b"a")
        path.unlink()
        put(log, b"b")
        log.finish()
        assert log.error == "it was removed while the job ran"


def test_one_time_a_second(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1_700_000_000_000
    monkeypatch.setattr("time.time_ns", lambda: now * 1_000_000)
    with opened(path) as log:
        for later in (0, 400, 999, 1000, 1500, 5000):
            now = 1_700_000_000_000 + later
            put(log, b"12345")
        log.finish()
    start = 1_700_000_000_000
    assert times(path) == [(start, 0), (start + 1000, 15), (start + 5000, 25)]


def test_times_never_go_back(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = 5_000_000
    monkeypatch.setattr("time.time_ns", lambda: now * 1_000_000)
    with opened(path) as log:
        for moment in (5_000_000, 2_000_000, 5_000_500, 5_001_000):
            now = moment
            put(log, b"x")
        log.finish()
    assert times(path) == [(5_000_000, 0), (5_001_000, 3)]


def test_times_go_on_after_those_that_are_there(path: Path) -> None:
    for _ in range(2):
        with opened(path) as log:
            put(log, b"x")
            log.finish()
        # as if that had been a while ago; the record after it was cut short
        (old,) = times(path)[-1:]
        known = path.with_name("log.times").read_bytes()[:-16]
        path.with_name("log.times").write_bytes(
            known + struct.pack("<QQ", old[0] - 60_000, old[1]) + b"cut"
        )
    found = list(struct.iter_unpack("<QQ", path.with_name("log.times").read_bytes()[:32]))
    assert [offset for _, offset in found] == [0, 1]


@pytest.mark.usefixtures("_at_once")
def test_bytes_that_nobody_looks_at_go_straight_from_pipe_to_file(path: Path) -> None:
    reading, writing = os.pipe()
    with opened(path) as log:
        os.write(writing, b"one\n")
        assert log.splice(reading, 100) == 4
        with room(4):
            os.write(writing, b"two\n")
            # what cannot be moved stays in the pipe
            assert log.splice(reading, 100) is None
            put(log, os.read(reading, 100))
            os.write(writing, b"three\n")
            assert log.splice(reading, 100) is None
            put(log, os.read(reading, 100))
        put(log, b"four\n")
        os.close(writing)
        assert log.splice(reading, 100) == 0
    os.close(reading)
    assert path.read_bytes() == f"one\n[wf: 10 bytes are missing here: {WHY}]\nfour\n".encode()
