"""The line that says how far a command is, on a real terminal, and where there is none."""

from __future__ import annotations

import fcntl
import os
import pty
import struct
import termios
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

import pytest

from runner.cli.render.transfer import Transfer

if TYPE_CHECKING:
    import io
    from collections.abc import Callable, Iterator

GB = 1_000_000_000


class Clock:
    """A clock that goes on when it is told to."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self) -> float:
        return self.at


class Terminal:
    """A pseudo-terminal: what is written to it, and the line that this makes."""

    def __init__(self) -> None:
        self._ours, theirs = pty.openpty()
        self._open = True
        self.stream: TextIO = open(theirs, "w", encoding="utf-8")  # noqa: SIM115 - closed below

    def resize(self, columns: int) -> None:
        """Drag the corner of the window."""
        packed = struct.pack("HHHH", 24, columns, 0, 0)
        fcntl.ioctl(self._ours, termios.TIOCSWINSZ, packed)

    def lines(self) -> list[str]:
        """What can be seen of all that was written since the last time."""
        # the kernel hands it over when it likes: up to a byte that nobody else writes
        os.write(self.stream.fileno(), b"\0")
        written = b""
        while not written.endswith(b"\0"):
            written += os.read(self._ours, 1 << 16)
        # what stands before the cursor is gone when the line is emptied (CR, EL)
        return [line.split("\r\x1b[K")[-1] for line in written[:-1].decode().split("\r\n")]

    def hang_up(self) -> None:
        """Close the window. Safe to repeat."""
        if self._open:
            os.close(self._ours)
        self._open = False

    def close(self) -> None:
        """It is over."""
        with suppress(OSError):  # what was written after the window was closed
            self.stream.close()
        self.hang_up()


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    """A terminal of 80 columns."""
    made = Terminal()
    made.resize(80)
    yield made
    made.close()


def test_a_line_that_is_gone_in_the_end(terminal: Terminal) -> None:
    clock = Clock()
    with Transfer("verifying", terminal.stream, {}, clock) as transfer:
        transfer.expect(10_000, 2 * GB)
        transfer.tell(1, 1)
        assert terminal.lines() == [""]  # not within the first half second
        clock.at = 2
        transfer.tell(5_000, GB)
        assert terminal.lines() == [
            "verifying  5,000 of 10,000 files · 1 of 2 GB · 500 MB/s · 2s left"
        ]
    assert terminal.lines() == [""]


def test_what_is_quick_leaves_no_trace(terminal: Terminal) -> None:
    with Transfer("copying", terminal.stream, {}, Clock()) as transfer:
        transfer.tell(1, 1)
    assert terminal.lines() == [""]


def test_a_line_never_takes_two(terminal: Terminal) -> None:
    clock = Clock()
    with Transfer("copying", terminal.stream, {}, clock) as transfer:
        clock.at = 1
        transfer.tell(5_000, GB)
        terminal.lines()
        terminal.resize(20)
        clock.at = 2
        transfer.tell(6_000, GB)
        (line,) = terminal.lines()
    assert line == "copying  6,000 f…"


def test_what_is_said_meanwhile_stays(terminal: Terminal) -> None:
    clock = Clock()
    with Transfer("copying", terminal.stream, {}, clock) as transfer:
        clock.at = 1
        transfer.tell(1, GB)
        transfer.say("warning: data/a is a socket")
        clock.at = 2
        transfer.tell(2, GB)
        assert terminal.lines() == [
            "warning: data/a is a socket",
            "copying  2 files · 1 GB · 500 MB/s",
        ]


def test_a_terminal_that_is_closed_meanwhile_ends_nothing(terminal: Terminal) -> None:
    clock = Clock()
    with Transfer("copying", terminal.stream, {}, clock) as transfer:
        terminal.hang_up()
        clock.at = 1
        transfer.tell(1, GB)


@pytest.mark.parametrize("variables", [{}, {"FORCE_COLOR": "1"}])
def test_no_terminal_no_line(stream: Callable[..., io.StringIO], variables: dict[str, str]) -> None:
    out, clock = stream(), Clock()
    with Transfer("copying", out, variables, clock) as transfer:
        clock.at = 1
        transfer.tell(1, GB)
        transfer.say("a warning")
    assert out.getvalue() == "a warning\n"


def test_nor_on_a_dumb_one(terminal: Terminal) -> None:
    clock = Clock()
    with Transfer("copying", terminal.stream, {"TERM": "dumb"}, clock) as transfer:
        clock.at = 1
        transfer.tell(1, GB)
    assert terminal.lines() == [""]


def test_letters_that_the_terminal_has(stream: Callable[..., io.StringIO]) -> None:
    out, clock = stream("ascii", terminal=True), Clock()
    with Transfer("copying", out, {}, clock) as transfer:
        clock.at = 1
        transfer.tell(1, GB)
    assert out.getvalue().isascii()
