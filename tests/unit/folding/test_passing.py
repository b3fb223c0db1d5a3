"""What a terminal is shown of output that goes on being drawn."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.folding.passing import Passing
from tests.unit.folding.test_fold import OUTPUT, Part, joined

HARMLESS = re.compile(rb"\x1b\[(?:[0-9:;]*m|\d{0,4}[A-GJK])")


def passed(*pieces: bytes, colour: bool = True) -> bytes:
    passing = Passing(colour=colour)
    return b"".join(passing.feed(piece) for piece in pieces) + passing.finish()


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (b"one\ttwo\n\r 5%\r10%\b\b", None),
        (b"\x1b[A\x1b[2K\x1b[1F\x1b[3G", None),
        (b"\x1b[31mred\x1b[0m", None),
        (b"\x1b[31mleft on", b"\x1b[31mleft on\x1b[0m"),
        (b"\x1b[?25lbar\x1b[?25h", b"bar"),
        (b"\x1b]52;c;Y2F0\x07\x1b[?1049h\x1b[6n", rb"\x1b]52;c;Y2F0\x07\x1b[?1049h\x1b[6n"),
        (b"\x1b[99999A\x1b[1;1H\x1b[1 D", rb"\x1b[99999A\x1b[1;1H\x1b[1 D"),
        (b"\xff\0\xc2\x9b", "\ufffd\\x00\\x9b".encode()),
        ("\N{SNOWMAN}".encode(), None),
    ],
)
def test_what_draws_passes_and_the_rest_is_spelled_out(output: bytes, shown: bytes | None) -> None:
    assert passed(output) == (output if shown is None else shown)


def test_colours_can_be_off() -> None:
    assert passed(b"\x1b[31mred\x1b[0m\x1b[A", colour=False) == b"red\x1b[A"


def test_a_terminal_that_knows_no_sequences_gets_none() -> None:
    passing = Passing(colour=False, moves=False)
    assert passing.feed(b"\r\x1b[K\x1b[31m5%\x1b[A") + passing.finish() == b"\r5%"


@given(OUTPUT, st.data())
def test_nothing_else_reaches_a_terminal_however_it_is_cut(
    parts: list[Part], data: st.DataObject
) -> None:
    whole = joined(parts)
    cut = data.draw(st.integers(0, len(whole)))
    shown = passed(whole[:cut], whole[cut:])
    same = shown == passed(whole)
    assert same
    assert not re.search(rb"[^\r\n\t\b\x20-\x7e\x80-\xff]", HARMLESS.sub(b"", shown))
    assert not re.search("[\x80-\x9f]", shown.decode())
