"""What a container wrote, on its way to the log, when the process that carries it is killed.

Being killed is played by a log that stops in the middle of a write: nothing of the process is gone
on with but the memory that is shared, and the log itself.
"""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.frames import STDERR, STDOUT
from runner.process.framed import Stream
from runner.process.passage import End, Handed, Passage, read, read_end
from runner.process.redaction import Redaction, masked
from runner.process.sink import LogFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.process.sink import Sink

NEEDLE = b"secret-value"
Frame = tuple[int, bytes]
FRAMES = st.lists(
    st.tuples(
        st.sampled_from([STDOUT, STDERR]),
        st.one_of(st.binary(min_size=1, max_size=9), st.sampled_from([NEEDLE, NEEDLE[:5], b"-"])),
    ),
    max_size=12,
)


class Killed(BaseException):
    """The process is no more."""


class Killing(LogFile):
    """A log whose process is killed at some byte."""

    def __init__(self, descriptor: int, after: int | None) -> None:
        super().__init__(descriptor)
        self._log, self._after = descriptor, after

    def write(self, piece: memoryview) -> None:
        if self._after is not None and self._after < len(piece):
            os.write(self._log, piece[: self._after])
            raise Killed
        if self._after is not None:
            self._after -= len(piece)
        super().write(piece)


class Source(NamedTuple):
    """A daemon's end of a stream."""

    reading: int

    def fileno(self) -> int:
        return self.reading

    def close(self) -> None:
        os.close(self.reading)


def framed(frames: Sequence[Frame]) -> bytes:
    return b"".join(
        bytes([stream, 0, 0, 0]) + len(said).to_bytes(4, "big") + said for stream, said in frames
    )


def carried(frames: Sequence[Frame], passage: Passage, known: Handed | None = None) -> Stream:
    """Have a daemon pass all that on."""
    reading, writing = os.pipe()
    os.write(writing, framed(frames))
    os.close(writing)
    stream = Stream(Source(reading), passage, terminal=False, known=known)
    try:
        while stream.open:
            stream.carry(lambda: None)
    finally:
        stream.close()
    return stream


def sink(log: LogFile, *, secret: bool) -> Sink:
    return Redaction(log, [NEEDLE]) if secret else log


def whole(frames: Sequence[Frame]) -> bytes:
    return b"".join(said for _, said in frames)


@pytest.mark.parametrize("secret", [False, True])
@given(frames=FRAMES, after=st.integers(0, 80))
def test_nothing_is_lost_or_told_twice_wherever_it_is_killed(
    *, frames: list[Frame], after: int, secret: bool
) -> None:
    with TemporaryDirectory() as folder:
        log = os.open(Path(folder, "log"), os.O_RDWR | os.O_CREAT)
        passage = Passage(sink(Killing(log, after), secret=secret), Path(folder, "book"))
        try:
            carried(frames, passage)
            passage._log.finish()
        except Killed:
            # what a fork had: the same memory, a sink as it was in the beginning
            passage._log = sink(LogFile(log), secret=secret)
            assert passage.resume()
            carried(frames, passage, passage.handed)
            passage._log.finish()
        written = Path(folder, "log").read_bytes()
        os.close(log)
        wanted = whole(frames)
        assert written == (masked(wanted, [NEEDLE]) if secret else wanted)


@given(FRAMES, st.integers(0, 80))
def test_a_file_tells_whoever_comes_later(frames: list[Frame], after: int) -> None:
    with TemporaryDirectory() as folder:
        path, book = Path(folder, "log"), Path(folder, "book")
        log = os.open(path, os.O_RDWR | os.O_CREAT)
        with suppress(Killed):
            carried(frames, Passage(Killing(log, after), book))
        handed = read(book, path.stat().st_size)
        assert handed is not None
        assert sum(handed) == path.stat().st_size
        end = LogFile(log)
        carried(frames, Passage(end, handed=handed), handed)
        os.close(log)
        assert path.read_bytes() == whole(frames)


@pytest.mark.parametrize("pieces", [1, 2])
def test_the_next_attempt_begins_a_book_of_its_own(tmp_path: Path, pieces: int) -> None:
    """Killed before it has written anything, it has nothing of the one before."""
    log, book = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT), tmp_path / "book"
    first = Passage(LogFile(log), book)
    carried([(STDOUT, b"hello")] * pieces, first)
    first.end = End(3, out_of_memory=False)
    second = Passage(LogFile(log), book)
    assert read_end(book) is None
    assert read(book, 5 * pieces) == Handed()
    assert second.resume()
    carried([(STDOUT, b"world")], second, second.handed)
    os.close(log)
    assert (tmp_path / "log").read_bytes() == b"hello" * pieces + b"world"


@pytest.mark.parametrize("said", [b"", b"short", bytes(4096)])
def test_a_file_that_says_nothing_is_not_believed(tmp_path: Path, said: bytes) -> None:
    book = tmp_path / "book"
    assert read(book, 0) is None
    book.write_bytes(said)
    found = read(book, 0)
    assert found in (None, Handed())


def test_a_terminal_is_not_framed(tmp_path: Path) -> None:
    log = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    passage = Passage(LogFile(log))
    reading, writing = os.pipe()
    os.write(writing, b"\x01\x00plain\r\n")
    os.close(writing)
    stream = Stream(Source(reading), passage, terminal=True)
    while stream.open:
        stream.carry(lambda: None)
    stream.close()
    os.close(log)
    assert (tmp_path / "log").read_bytes() == b"\x01\x00plain\r\n"


def test_what_the_daemon_says_itself_is_not_the_jobs(tmp_path: Path) -> None:
    log = os.open(tmp_path / "log", os.O_RDWR | os.O_CREAT)
    carried([(STDOUT, b"job"), (3, b"error grabbing logs"), (STDERR, b"!")], Passage(LogFile(log)))
    os.close(log)
    assert (tmp_path / "log").read_bytes() == b"job!"
