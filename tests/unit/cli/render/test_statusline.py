"""The line below a job's output: when it may be drawn, and what a terminal makes of it."""

from __future__ import annotations

import os
import pty
from typing import TYPE_CHECKING, Any, TextIO

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.cli.render.going import in_words, status_line
from runner.cli.render.statusline import StatusLine, possible, room, settled
from runner.cli.render.style import Style, columns
from runner.terminal import WindowSize

if TYPE_CHECKING:
    from collections.abc import Iterator

TOLD: dict[str, Any] = {
    "epoch": 3,
    "epochs": 9,
    "step": 422,
    "steps": 938,
    "fraction": 0.3,
    "left_seconds": 192,
    "metrics": {"train_loss": 0.31, "val_loss": 0.04123},
    "usage": {
        "cpu": 3.14,
        "memory": 2_400_000_000,
        "gpus": [{"index": 0, "utilisation": 0.98, "memory": 31_200_000_000}],
    },
    "at": "2026-01-01T00:00:00.000Z",
}


@pytest.mark.parametrize(
    ("tail", "answer"),
    [
        (b"", True),
        (b"epoch 3\r\n", True),
        (b"\x1b[32mgreen\x1b[0m", True),
        (b"half \x1b", False),
        (b"half \x1b[", False),
        (b"half \x1b[38;5", False),
        (b"\x1b]0;title", False),
        (b"\x1b]0;title\x07", True),
        (b"\x1b]0;title\x1b\\", True),
        (b"\x1b7", True),
        (b"\x1b(", False),
        (b"\x1b(B", True),
        ("█".encode(), True),
        ("█".encode()[:2], False),
        ("é".encode()[:1], False),
        (b"\xff", False),
        (b"\x80\x80\x80\x80", True),
    ],
)
def test_it_is_not_drawn_into_the_middle_of_something(tail: bytes, answer: bool) -> None:  # noqa: FBT001
    assert settled(tail) == answer


@given(st.text(max_size=20))
def test_a_text_that_is_whole_is_whole(text: str) -> None:
    said = text.replace("\x1b", "").encode(errors="replace")
    assert settled(said)
    assert settled(said + b"\x1b[1;31m")


def test_all_of_it_where_there_is_room() -> None:
    assert status_line("running", TOLD, 4, 200) == (
        "running · epoch 3/9 · step 422/938 · val_loss 0.04123 · GPU 0 98 % 31.2 GB"
        " · 3.1 of 4 cores 2.4 GB · 3m12s left · ^C stop  ^\\ detach"
    )


def test_the_keys_are_those_of_now() -> None:
    """Ctrl-C asks at first, and kills who was asked."""
    assert status_line("running", None, None, 60) == "running · ^C stop  ^\\ detach"
    assert status_line("stopping", None, None, 60) == "stopping · ^C kill  ^\\ detach"


def test_what_says_least_goes_first() -> None:
    said = [status_line("running", TOLD, None, width) for width in (110, 107, 80, 60, 40, 20, 5)]
    assert said == [
        # there was no room for the processor, and there is for what is shorter
        (
            "running · epoch 3/9 · step 422/938 · val_loss 0.04123 · GPU 0 98 % 31.2 GB"
            " · 3m12s left · ^C stop  ^\\ detach"
        ),
        (
            "running · epoch 3/9 · val_loss 0.04123 · GPU 0 98 % 31.2 GB · 3m12s left"
            " · ^C stop  ^\\ detach"
        ),
        "running · epoch 3/9 · val_loss 0.04123 · GPU 0 98 % 31.2 GB · 3m12s left",
        "running · epoch 3/9 · val_loss 0.04123 · 3m12s left",
        "running · epoch 3/9 · 3m12s left",
        "running · epoch 3/9",
        "running",
    ]


@given(st.integers(7, 200))
def test_it_is_never_wider_than_there_is_room(width: int) -> None:
    assert columns(status_line("running", TOLD, 4, width)) <= width


def test_in_a_list() -> None:
    assert in_words(TOLD) == "epoch 3/9 · val_loss 0.04123 · 3m12s left"
    assert in_words({**TOLD, "epoch": None, "metrics": {}, "left_seconds": 4}) == (
        "step 422/938 · 4s left"
    )
    assert in_words(None) == ""


def test_several_gpus_together() -> None:
    gpus = [
        {"index": 0, "utilisation": 0.5, "memory": 10**9},
        {"index": 1, "utilisation": 1.0, "memory": 3 * 10**9},
        {"index": 2, "utilisation": None, "memory": None},
    ]
    told = {"usage": {"cpu": None, "memory": None, "gpus": gpus}}
    assert "3 GPUs 75 % 3 GB" in status_line("running", told, None, 100)


@pytest.fixture
def terminal() -> Iterator[tuple[int, TextIO]]:
    """A terminal's own end, and a stream to the other one."""
    ours, theirs = pty.openpty()
    with os.fdopen(theirs, "w", encoding="utf-8") as stream:
        yield ours, stream
    os.close(ours)


DRESS = Style(colour=True, unicode=True, terminal=True, width=40)


def test_the_terminal_is_as_it_was_afterwards(terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal
    line = StatusLine(stream, DRESS)
    line.show("running", WindowSize(10, 40))
    drawn = os.read(ours, 4096).decode()
    assert "\x1b[1;9r" in drawn
    assert "\x1b[10;1H" in drawn
    assert " running" in drawn
    line.show("running", WindowSize(10, 40))
    line.hide()
    hidden = os.read(ours, 4096).decode()
    assert " running" not in hidden  # it was there already
    assert hidden.startswith("\x1b7\x1b[r\x1b8")
    assert hidden.count("\x1b7") == hidden.count("\x1b8")
    line.hide()
    stream.write("x")
    stream.flush()
    assert os.read(ours, 4096) == b"x"


def test_it_moves_with_the_last_row(terminal: tuple[int, TextIO]) -> None:
    ours, stream = terminal
    line = StatusLine(stream, DRESS)
    line.show("running", WindowSize(10, 40))
    os.read(ours, 4096)
    line.show("running", WindowSize(20, 60))
    drawn = os.read(ours, 4096).decode()
    assert "\x1b[10;1H\x1b[2K" in drawn
    assert "\x1b[1;19r" in drawn
    assert "\x1b[20;1H" in drawn


def test_a_terminal_that_is_gone_is_no_reason_to_fail(terminal: tuple[int, TextIO]) -> None:
    _, stream = terminal
    line = StatusLine(stream, DRESS)
    line.show("running", WindowSize(10, 40))
    with open(os.devnull, encoding="utf-8") as unwritable:
        gone = StatusLine(unwritable, DRESS)
        gone.show("running", WindowSize(10, 40))
        gone.hide()


def test_where_there_is_none(terminal: tuple[int, TextIO], tmp_path: Any) -> None:
    _, stream = terminal
    assert not room(WindowSize(4, 80))
    assert not room(None)
    assert not possible(stream, {"TERM": "dumb"})
    assert not possible(stream, {"TERM": "xterm", "WF_STATUS": "off"})
    with (tmp_path / "out").open("w") as file:
        assert not possible(file, {"TERM": "xterm"})
