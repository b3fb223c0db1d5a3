"""Finding one's way in a log, however long it is."""

from __future__ import annotations

import os
import re
import struct
from typing import TYPE_CHECKING

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.records import log as module
from runner.records.log import Log, since

if TYPE_CHECKING:
    from pathlib import Path

EVERY = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log"


@EVERY
@given(
    st.lists(st.sampled_from([b"", b"a", b"line", b"\r"]), max_size=12),
    st.sampled_from([b"\n", b""]),
    st.integers(1, 14),
    st.integers(1, 9),
)
def test_where_the_last_lines_begin(
    path: Path, lines: list[bytes], ended: bytes, count: int, block: int
) -> None:
    text = b"\n".join(lines) + ended
    path.write_bytes(text)
    with pytest.MonkeyPatch.context() as patch, Log(path) as log:
        patch.setattr(module, "_LINE_BYTES", block)
        # bytes.splitlines would end lines at carriage returns, too
        whole = re.findall(rb"[^\n]*\n|[^\n]+", text)
        assert text[log.before(len(text), count) :] == b"".join(whole[-count:])


def test_the_last_lines_from_somewhere_on(path: Path) -> None:
    path.write_bytes(b"one\ntwo\nthree\n")
    with Log(path) as log:
        assert log.before(14, 3, 5) == 5
        assert log.before(14, 1, 5) == 8
        assert log.before(14, 0) == 14
        assert log.before(0, 3) == 0


def test_the_end_of_a_log_of_a_terabyte_is_read_at_once(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(1 << 40)
        file.seek(0, os.SEEK_END)
        file.write(b"\nlast but one\nlast\n")
    with Log(path) as log:
        end = log.size()
        assert log.read(log.before(end, 2), end) == b"last but one\nlast\n"


def test_where_a_line_begins(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path.write_bytes(b"one\ntwo\nthree")
    with Log(path) as log:
        assert [log.line_at(at) for at in (0, 2, 4, 6, 12)] == [0, 0, 4, 4, 8]
        monkeypatch.setattr(module, "_LINE_BYTES", 2)
        assert log.line_at(12) == 12


def test_a_log_that_is_not_there_yet(path: Path) -> None:
    with Log(path) as log:
        assert (log.size(), log.read(0, 10), list(log.pieces(0, 10))) == (0, b"", [])
        path.write_bytes(b"now")
        assert log.read(0, 10) == b"now"


def test_a_log_that_somebody_removes_is_read_to_its_end(path: Path) -> None:
    reading, writing = os.pipe()
    with path.open("wb", buffering=0) as file, Log(path) as log:
        file.write(b"before ")
        assert log.send(writing, 0) == 7
        path.unlink()
        path.write_bytes(b"another file")
        file.write(b"after")
        assert log.send(writing, 7) == 12
    assert os.read(reading, 100) == b"before after"
    os.close(reading)
    os.close(writing)


@pytest.mark.parametrize(
    ("moment", "start"),
    [(0, 0), (1999, 0), (2000, 50), (5999, 50), (6000, 80), (7049, 80), (7050, 100)],
)
def test_what_came_since(path: Path, moment: int, start: int) -> None:
    times = [(1000, 0), (5000, 50), (6050, 80)]
    path.write_bytes(b"".join(struct.pack("<QQ", *each) for each in times) + b"cut")
    assert since(path, moment, 100) == start


def test_what_came_since_is_not_known_without_times(path: Path) -> None:
    assert since(path, 5, 100) is None
    path.write_bytes(b"cut short")
    assert since(path, 5, 100) is None


@EVERY
@given(st.lists(st.integers(0, 5000), min_size=1, max_size=30), st.integers(0, 90_000))
def test_nothing_that_came_since_is_missing(path: Path, gaps: list[int], moment: int) -> None:
    """Bytes written one by one, with times as the log's writer notes them."""
    written: list[int] = []
    at, noted = 0, -1000
    records = b""
    for gap in gaps:
        at += gap
        if at - noted >= 1000:
            records += struct.pack("<QQ", at, len(written))
            noted = at
        written.append(at)
    path.write_bytes(records)
    start = since(path, moment, len(written))
    assert start is not None
    assert all(time < moment for time in written[:start])
    assert all(time > moment - 2000 for time in written[start:])
