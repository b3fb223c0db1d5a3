"""What moves on a terminal is taken away, wherever a signal has come between."""

from __future__ import annotations

import os
import pty
import sys
import threading
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
import rich

from runner.cli.hearing import Leaving
from runner.cli.render.board import Board
from runner.cli.render.live import Watcher
from runner.cli.render.moving import HIDDEN, SHOWN
from runner.events import PhaseProgress, PhaseStarted

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from types import FrameType
    from typing import TextIO

    from _typeshed import TraceFunction

    Made = tuple[Callable[[], None], Callable[[], None]]

VARIABLES = {"TERM": "xterm"}
RICH = Path(rich.__file__).parent
# each of the first lines of rich's, in which it begins, and some of those that follow
CLOSELY, APART = 250, 397


def now() -> datetime:
    return datetime(2022, 5, 18, 9, 30, tzinfo=timezone.utc)


def table(err: TextIO) -> Made:
    """Draw what a batch shows; and take it away."""
    board = Board(err, VARIABLES, 3, now)
    return board.tick, board.close


def spinner(err: TextIO) -> Made:
    """Draw what a run shows before its job begins; and take it away."""
    watcher = Watcher(err, err, VARIABLES, "workflows.yaml:1", now)

    def draw() -> None:
        watcher.notify(PhaseStarted("env", "building"))
        watcher.notify(PhaseProgress("env", "built", waiting=False))

    return draw, watcher.close


class Interruption:
    """A signal that comes before the n-th line of rich's."""

    def __init__(self, line: int) -> None:
        self._left = line

    def __enter__(self) -> None:
        sys.settrace(self._called)

    def __exit__(self, *_: object) -> None:
        sys.settrace(None)

    def _called(self, frame: FrameType, _event: str, _argument: object) -> TraceFunction | None:
        return self._told if RICH in Path(frame.f_code.co_filename).parents else None

    def _told(self, _frame: FrameType, event: str, _argument: object) -> TraceFunction | None:
        self._left -= event == "line"
        if self._left:
            return self._told
        sys.settrace(None)
        raise Leaving(1)


class Terminal:
    """One that is read until it is closed."""

    def __init__(self) -> None:
        self._master, slave = pty.openpty()
        self.err = open(slave, "w", encoding="utf-8")  # noqa: SIM115 - closed below
        self.shown = b""
        self._reader = threading.Thread(target=self._read)
        self._reader.start()

    def close(self) -> None:
        """All that was written has been read."""
        self.err.close()
        self._reader.join()
        os.close(self._master)

    def _read(self) -> None:
        with suppress(OSError):
            while chunk := os.read(self._master, 1 << 16):
                self.shown += chunk


class Seen(NamedTuple):
    """What there was of a moving thing when it had been taken away."""

    whole: bool
    shown: bytes


def interrupted(make: Callable[[TextIO], Made], line: int) -> Seen:
    """Draw, with a signal before a line of rich's, and take it away."""
    terminal = Terminal()
    draw, close = make(terminal.err)
    streams = sys.stdout, sys.stderr
    try:
        with Interruption(line):
            draw()
        whole = True
    except Leaving:
        whole = False
    try:
        close()
        assert (sys.stdout, sys.stderr) == streams
    finally:
        terminal.close()
    return Seen(whole, terminal.shown)


def lines() -> Iterator[int]:
    yield from range(1, CLOSELY)
    yield from range(CLOSELY, 1_000_000, APART)


@pytest.mark.parametrize("make", [table, spinner])
def test_the_cursor_is_seen_wherever_a_signal_came(make: Callable[[TextIO], Made]) -> None:
    for line in lines():
        seen = interrupted(make, line)
        assert seen.shown.rfind(SHOWN.encode()) >= seen.shown.rfind(HIDDEN.encode()), line
        if seen.whole:
            break
    assert line > CLOSELY


@pytest.mark.parametrize("make", [table, spinner])
def test_a_terminal_that_is_gone_is_no_failure(make: Callable[[TextIO], Made]) -> None:
    for line in range(1, CLOSELY, 7):
        master, slave = pty.openpty()
        err = open(slave, "w", encoding="utf-8")  # noqa: SIM115 - cannot say what it still has
        draw, close = make(err)
        with suppress(Leaving), Interruption(line):
            draw()
        os.close(master)
        close()
        with suppress(OSError):
            err.close()
