"""What uv draws, read back: the screen, the log made of it, and a few words of progress."""

from __future__ import annotations

import io
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.environments.uv.progress import Download, Progress, announced, downloads, drawn
from runner.environments.uv.screen import Screen
from runner.environments.uv.transcript import Transcript

COLUMNS = 80
MIB = 1 << 20


def padded(*lines: str) -> str:
    """Lines as the library behind uv's bars draws them: filled up, and no line feed."""
    blanks = (" " * (COLUMNS - len(re.sub(r"\x1b\[\d+m", "", line))) for line in lines)
    return "".join(map("".join, zip(lines, blanks, strict=True)))


def redraw(before: int, *lines: str) -> str:
    """The same over the ``before`` lines that stand there."""
    up = f"\x1b[{before - 1}A" if before > 1 else ""
    erased = "\x1b[1B".join(["\r\x1b[2K"] * before)
    return up + erased + up + padded(*lines)


def bar(name: str, done: str, total: str) -> str:
    return f"{name:<20} ------------------------------ {done}/{total}"


# what uv sends for two downloads and a build
FRAMES = (
    "Using Python 3.11.7 environment at: v\n",
    padded("⠋ Resolving dependencies..."),
    redraw(1, "⠙ alpha==1.0"),
    "\r\x1b[2KResolved 3 packages in 1ms\n",
    padded("⠋ Preparing packages... (0/3)"),
    redraw(1, "⠋ Preparing packages... (0/3)", bar("alpha", "0 B", "5.72 MiB")),
    redraw(2, "   \x1b[36mBuilding\x1b[0m held\x1b[2m==1.0\x1b[0m", "⠋ Preparing packages... (0/3)",
             bar("beta", "97.66 KiB", "293.79 KiB"), bar("alpha", "1.14 MiB", "5.72 MiB")),
    redraw(4, "      Built held==1.0", "⠙ Preparing packages... (2/3)",
             bar("alpha", "5.70 MiB", "5.72 MiB")),
    redraw(2, "⠙ Preparing packages... (3/3)"),
    "\r\x1b[2KPrepared 3 packages in 3.03s\n",
    padded("██████████░░░░░░░░░░ [1/3] alpha==1.0"),
    "\r\x1b[2KInstalled 3 packages in 2ms\n + alpha==1.0\n + held==1.0\n",
)  # fmt: skip
SESSION = "".join(FRAMES)
LOG = """\
Using Python 3.11.7 environment at: v
Resolved 3 packages in 1ms
Downloading alpha (6 MB)
   Building held==1.0
      Built held==1.0
Prepared 3 packages in 3.03s
Installed 3 packages in 2ms
 + alpha==1.0
 + held==1.0
"""


def screen(text: str, columns: int = COLUMNS) -> list[str]:
    """What stands on a screen after ``text``."""
    made = Screen(columns)
    made.feed(text.encode())
    return made.lines()


def logged(*chunks: bytes, columns: int = COLUMNS) -> str:
    """The log of an installer that sends this."""
    log = io.BytesIO()
    transcript = Transcript(log, columns)
    for chunk in chunks:
        transcript.feed(chunk)
        transcript.settle()
    transcript.end()
    return log.getvalue().decode()


# --- the screen -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "lines"),
    [
        ("", [""]),
        ("one\ntwo", ["one", "two"]),
        ("one\r\ntwo\r\n", ["one", "two", ""]),
        ("10 %\r20 %", ["20 %"]),
        ("longer\r\x1b[2Kshort", ["short"]),
        ("longer\rsh\x1b[K", ["sh"]),
        ("\x1b[1m\x1b[36mblue\x1b[0m", ["blue"]),
        ("\x1b]0;a title\x07text", ["text"]),
        ("\x1b]8;;https://x\x1b\\link\x1b]8;;\x1b\\", ["link"]),
        ("a\nb\nc\x1b[2A\rA\x1b[1B\x1b[1GB", ["A", "B", "c"]),
        ("\x1b[999999999Atop\x1b[Bone\x1b[Ftop", ["top", "   one"]),
        ("a\nb\nc\x1b[1F\x1b[J", ["a", ""]),
        ("\x1b[?25lhidden\x1b[?25h", ["hidden"]),
    ],
)
def test_what_stands_on_a_screen(text: str, lines: list[str]) -> None:
    assert screen(text) == lines


def test_a_text_longer_than_a_row_is_one_line_and_a_padded_bar_its_own() -> None:
    assert screen("x" * 25, columns=10) == ["x" * 25]
    assert screen("bar".ljust(10) + "bar".ljust(10), columns=10) == ["bar", "bar"]


@given(st.binary(), st.integers(1, 9))
def test_a_screen_takes_anything_and_holds_no_escapes(sent: bytes, columns: int) -> None:
    made = Screen(columns)
    made.feed(sent)
    assert all("\x1b[" not in line for line in made.lines())


# --- the log --------------------------------------------------------------------------------------


def test_the_log_has_every_line_once_and_nothing_that_was_drawn() -> None:
    assert logged(*(frame.encode() for frame in FRAMES)) == LOG


@given(st.lists(st.integers(0, len(SESSION.encode())), max_size=40))
def test_the_log_says_the_same_however_it_is_cut(cuts: list[int]) -> None:
    sent, at = SESSION.encode(), sorted({0, *cuts, len(SESSION.encode())})
    log = logged(*(sent[start:end] for start, end in itertools.pairwise(at)))
    optional = {"Downloading alpha (6 MB)", "   Building held==1.0", "      Built held==1.0"}
    lines = log.splitlines()
    assert [line for line in lines if line not in optional] == [
        line for line in LOG.splitlines() if line not in optional
    ]
    assert len(set(lines)) == len(lines)


def test_passwords_are_in_no_log() -> None:
    sent = b"error: Failed to fetch: https://user:p@ss@host.example/simple/six/\n"
    assert logged(sent) == "error: Failed to fetch: https://***@host.example/simple/six/\n"


def test_without_a_terminal_what_is_said_is_what_is_logged() -> None:
    said = b"Resolved 1 package\nDownloading torch (190.1MiB)\n Downloaded torch\n\nhint: x\n"
    assert logged(*(said[at : at + 7] for at in range(0, len(said), 7))) == said.decode()


# --- a few words ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (bar("torch", "88.20 MiB", "190.10 MiB"), Download("torch", 92484403, 199334297)),
        ("torch  ━━━━━╸    512 KiB / 2 MiB", Download("torch", 512 * 1024, 2 * MIB)),
        ("numpy 0 B/1.00 GiB", Download("numpy", 0, 1024 * MIB)),
        ("⠋ Preparing packages... (0/3)", None),
        ("Resolved 3 packages in 1ms", None),
        ("error: 1/2", None),
    ],
)
def test_a_bar_is_read(line: str, expected: Download | None) -> None:
    assert downloads([line]) == ([expected] if expected else [])


def test_the_speed_and_the_time_left_are_those_of_the_last_seconds() -> None:
    progress = Progress()

    def told(seconds: float, *done: int) -> str:
        bars = [bar(n, f"{d} MiB", "100 MiB") for n, d in zip("ab", done, strict=False)]
        return progress.told(["⠋ Preparing packages... (0/3)", *bars], seconds)

    assert told(10.0, 0, 0) == "a 0 B of 104.9 MB · 1 more"
    assert told(11.0, 30, 20) == "b 21 of 104.9 MB · 1 more · 52.4 MB/s · 3.0s left"
    # one is there, and its bar gone
    assert told(12.0, 60) == "a 62.9 of 104.9 MB · 83.9 MB/s · 0.5s left"
    # nothing moves any more
    told(20.0, 60)
    assert told(24.5, 60) == "a 62.9 of 104.9 MB · 0 B/s"


@pytest.mark.parametrize(
    ("lines", "shown"),
    [
        ([], ""),
        (["Using Python 3.11.7 environment at: x"], ""),
        (["⠋ Resolving dependencies..."], "resolving"),
        (["⠋ torch==2.0"], "resolving torch==2.0"),
        (["Resolved 12 packages in 5ms", ""], "resolved 12 packages in 5ms"),
        (["⠋ Preparing packages... (0/0)"], "preparing"),
        (["⠋ Preparing packages... (1/3)"], "preparing, 1 of 3"),
        (["   Building a==1", "   Building b==2", "⠋ Preparing packages... (1/3)"],
         "building b==2 · 1 more"),
        (["████░░░░ [2/4] six==1"], "installing, 2 of 4"),
        (["Prepared 2 packages in 1.2s", ""], "prepared 2 packages in 1.2s"),
        (["something new", "~~~> 3"], ""),
    ],
)  # fmt: skip
def test_what_uv_is_doing_in_a_few_words(lines: list[str], shown: str) -> None:
    assert Progress().told(lines, 0.0) == shown


def test_what_is_small_is_not_announced() -> None:
    bars = [bar("small", "1 KiB", "1000 KiB"), bar("large", "1 KiB", "1 MiB")]
    assert announced(bars) == ["Downloading large (1 MB)"]
    assert all(drawn(line) for line in bars)
