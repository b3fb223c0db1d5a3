"""What is left of output of which parts were drawn over."""

from __future__ import annotations

import re
from typing import TypeAlias

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.folding.fold import Fold

SGR = re.compile(rb"\x1b\[[0-9;:]*m")
Part: TypeAlias = "bytes | tuple[bytes, int]"
# pieces of output that bars are made of, and others that are to be stood
PARTS: list[Part] = [
    b"a", b"\xc3\xa9", b"\xe6\x97", b"\xff", b"\0", b"\t", b"word " * 3, b"x" * 90, b"\n", b"\n",
    b"\r\n", b"\r", b"\r", b"\b", b"\b\b", b"\x1b[A", b"\x1b[3A", b"\x1b[B", b"\x1b[2C", b"\x1b[D",
    b"\x1b[5G", b"\x1b[K", b"\x1b[1K", b"\x1b[2K", b"\x1b[J", b"\x1b[2J", b"\x1b[F", b"\x1b[E",
    b"\x1b[31m", b"\x1b[0m", b"\x1b[1;44m", b"\x1b[38;5;3m", b"\x1b[?25l", b"\x1b[?1049h",
    b"\x1b]0;title\x07", b"\x1b", b"\x1b[", b"\x1b[3", b"\xc2\x9b", b"\xe2\x80\xae", b"\x07",
    (b"\n", 60), (b"line\n", 2000), (b"\x1b[32mok\x1b[0m\n", 900), (b"y", 5000), (b"\0", 1100),
]  # fmt: skip
OUTPUT = st.lists(st.one_of(st.sampled_from(PARTS), st.binary(max_size=5)), max_size=25)

MODES = st.fixed_dictionaries({"exact": st.booleans(), "colour": st.booleans()})


def joined(parts: list[Part]) -> bytes:
    return b"".join(p if isinstance(p, bytes) else p[0] * p[1] for p in parts)


def fold(output: bytes, *, exact: bool = False, colour: bool = True) -> bytes:
    made = Fold(exact=exact, colour=colour)
    return made.feed(output) + made.finish()


@pytest.mark.parametrize(
    ("output", "left"),
    [
        (b"\r 10%\r 20%\r100%\n", b"100%\n"),
        (b"one\r\ntwo\r\n", b"one\ntwo\n"),
        (b"abcdef\rxy\n", b"xycdef\n"),
        (b"abcdef\r\x1b[Kxy\n", b"xy\n"),
        (b"12%\b\b\b34%\n", b"34%\n"),
        (b"long text\r         \rshort\n", b"short\n"),
        (b"outer 0\n\rinner 0\x1b[A\router 1\n\rinner 1\x1b[A\router 2\n", b"outer 2\ninner 1"),
        (b"a\nb\n\x1b[2K\x1b[1A\x1b[2KB\n", b"a\nB\n"),
        (b"a\nb\nc\x1b[2A\x1b[Jx", b"ax"),
        (b"keep\n\x1b[3Aup\n", b"up" + b"ep\n"),
        (b"one\x1b[10Gtwo\n", b"one      two\n"),
        (b"no end", b"no end"),
        (b"blanks   \n\n\n", b"blanks   \n\n\n"),
        (b"", b""),
    ],
)
def test_of_what_was_drawn_over_the_last_state_is_left(output: bytes, left: bytes) -> None:
    assert fold(output) == left


@pytest.mark.parametrize(
    ("output", "shown"),
    [
        (b"\x1b]52;c;Y2F0\x07", rb"\x1b]52;c;Y2F0\x07"),
        (b"\x1b]8;;file:///\x1b\\link", rb"\x1b]8;;file:///\x1b\link"),
        (b"\x1b[?2004h\x1b[2J\x1b[6n\x1bc", rb"\x1b[?2004h\x1b[2J\x1b[6n\x1bc"),
        (b"\x1b[>4;2m\x1b[31;1 m", rb"\x1b[>4;2m\x1b[31;1 m"),
        (b"nul \0 bell \7 del \x7f", rb"nul \x00 bell \x07 del \x7f"),
        (b"C1 \xc2\x9b31m", rb"C1 \x9b31m"),
        ("turned \u202e".encode(), rb"turned \u202e"),
        (b"\xff\xc3", "\ufffd\ufffd".encode()),
        ("\N{SNOWMAN}\t\N{LATIN SMALL LETTER E WITH ACUTE}".encode(), None),
        (b"\x1b[8mhidden", b"hidden"),
        (b"\x1b[?25lbar\x1b[?25h", b"bar"),
    ],
)
def test_what_a_terminal_would_act_on_is_spelled_out(output: bytes, shown: bytes | None) -> None:
    assert fold(output) == (output if shown is None else shown)


@pytest.mark.parametrize(
    ("output", "coloured"),
    [
        (b"\x1b[31mred\x1b[m\n", b"\x1b[31mred\x1b[0m\n"),
        (b"\x1b[1mtwo\nlines\x1b[0m\n", b"\x1b[1mtwo\x1b[0m\n\x1b[1mlines\x1b[0m\n"),
        (b"\x1b[31mred\rg\x1b[32mreen\n", b"\x1b[31mg\x1b[0;32mreen\x1b[0m\n"),
        (b"\x1b[38;2;1;2;3;1mx\x1b[39my", b"\x1b[1;38;2;1;2;3mx\x1b[0;1my\x1b[0m"),
    ],
)
def test_colours_stay_with_what_they_colour(output: bytes, coloured: bytes) -> None:
    assert fold(output) == coloured
    assert fold(output, colour=False) == SGR.sub(b"", coloured)


@pytest.mark.parametrize(
    "output",
    [
        b"\xff\0\x1b]0;x\x07\x1b[m \r\n\r\n",
        b"\x1b[31mred\nstill\n\x1b[m",
        b"\x1b[?25l\x1b[2Jno bar\n",
        b"x" * 10_000 + b"\0" * 10_000 + b"\x1b[1m" * 20_000 + b"\n" * 100,
        b"ends in\r",
    ],
)
def test_exactly_a_line_that_was_not_drawn_over_keeps_its_bytes(output: bytes) -> None:
    assert fold(output, exact=True) == output


def test_exactly_only_the_lines_that_were_drawn_over_change() -> None:
    output = b"\x1b[mone\0\r\n\r 5%\r\x1b[32m10%\x1b[m\ntwo\xff\n"
    assert fold(output, exact=True) == b"\x1b[mone\0\r\n\x1b[32m10%\x1b[0m\ntwo\xff\n"


def test_a_line_without_an_end_is_let_go_in_pieces() -> None:
    made = Fold(exact=False)
    given = sum(len(made.feed(b"x" * 65_536)) for _ in range(64))
    assert given > 64 * 65_536 - 10_000
    assert given + len(made.finish()) == 64 * 65_536


def test_lines_are_given_back_before_the_end() -> None:
    made = Fold(exact=True)
    assert len(made.feed(b"line\n" * 10_000)) > 49_000


@given(OUTPUT, MODES, st.data())
def test_how_output_is_cut_into_pieces_means_nothing(
    parts: list[Part],
    mode: dict[str, bool],
    data: st.DataObject,
) -> None:
    whole = joined(parts)
    cuts = data.draw(st.lists(st.integers(0, len(whole)), max_size=8).map(sorted))
    made = Fold(**mode)
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    given_back = b"".join(made.feed(piece) for piece in pieces) + made.finish()
    same = given_back == fold(whole, **mode)
    assert same  # the whole of it is too much to be shown


@given(OUTPUT, MODES)
def test_what_is_folded_stays_as_it_is(
    parts: list[Part],
    mode: dict[str, bool],
) -> None:
    once = fold(joined(parts), **mode)
    same = fold(once, **mode) == once
    assert same


@given(OUTPUT)
def test_nothing_but_colours_reaches_a_terminal(parts: list[Part]) -> None:
    shown = fold(joined(parts))
    left = SGR.sub(b"", shown).decode()
    assert not [c for c in left if not c.isprintable() and c not in "\t\n\xa0\xad" and ord(c) < 160]
    assert b"\x1b" not in fold(joined(parts), colour=False)


@given(st.lists(st.sampled_from([part for part in PARTS if joined([part])[0] not in b"\r\b\x1b"])))
def test_what_moves_nothing_stays_whole(parts: list[Part]) -> None:
    whole = joined(parts)
    same = fold(whole, exact=True) == whole
    assert same
