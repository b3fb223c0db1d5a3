"""Colour, symbols and widths."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.cli.render.style import Style, harmless, style

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    Streams = Callable[..., io.StringIO]

PLAIN = Style(colour=False, unicode=True, terminal=False, width=80)


@pytest.mark.parametrize(
    ("terminal", "variables", "colour"),
    [
        (True, {}, True),
        (False, {}, False),
        (True, {"TERM": "dumb"}, False),
        (True, {"NO_COLOR": "1"}, False),
        (True, {"NO_COLOR": ""}, True),
        (False, {"FORCE_COLOR": "1"}, True),
        (False, {"FORCE_COLOR": ""}, False),
        (True, {"TERM": "dumb", "FORCE_COLOR": "1"}, True),
        (True, {"NO_COLOR": "1", "FORCE_COLOR": "1"}, False),
    ],
)
def test_colour_only_where_it_is_wanted(
    stream: Streams, variables: dict[str, str], *, terminal: bool, colour: bool
) -> None:
    dress = style(stream(terminal=terminal), variables)
    assert dress.colour is colour
    assert dress.paint("x", "red", "bold") == ("\x1b[31;1mx\x1b[0m" if colour else "x")
    assert dress.paint("x") == "x"


@pytest.mark.parametrize(
    ("terminal", "variables", "expected"),
    [(True, {}, True), (False, {}, False), (True, {"TERM": "dumb"}, False)],
)
def test_nothing_moves_without_a_terminal(
    stream: Streams, variables: dict[str, str], *, terminal: bool, expected: bool
) -> None:
    assert style(stream(terminal=terminal), variables).terminal is expected


@pytest.mark.parametrize(
    ("encoding", "shown"),
    [("utf-8", "✓ a · b"), ("UTF8", "✓ a · b"), ("ascii", "ok a - b"), ("latin-1", "ok a - b")],
)
def test_symbols_are_spelled_out_where_the_stream_lacks_them(
    stream: Streams, encoding: str, shown: str
) -> None:
    dress = style(stream(encoding), {})
    assert dress.plain("✓ a · b") == dress.paint("✓ a · b") == shown
    if encoding != "latin-1":
        shown.encode(encoding)


def test_every_symbol_of_ours_has_a_spelling(stream: Streams) -> None:
    style(stream("ascii"), {}).plain("✓✗●◌·│├─└─…→—").encode("ascii")


@pytest.mark.parametrize(
    ("columns", "width"),
    [("120", 120), ("", 80), ("0", 80), ("wide", 80), ("-5", 80), ("²", 80), ("9" * 5000, 80)],
)
def test_the_width_is_a_number_or_eighty(stream: Streams, columns: str, width: int) -> None:
    assert style(stream(), {"COLUMNS": columns}).width == width


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("plain é 日本\n\tx", "plain é 日本\n\tx"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\rb\x07", "a\\x0db\\x07"),
        ("\u202egpj.exe", "\\x202egpj.exe"),
        ("\x9b2J", "\\x9b2J"),
        ("bad\udcff", "bad\\xff"),
        ("\ud800", "\\xd800"),
    ],
)
def test_foreign_text_cannot_move_the_terminal(text: str, shown: str) -> None:
    assert harmless(text) == shown


@given(st.text(st.characters()))
def test_harmless_text_can_be_printed_and_written(text: str) -> None:
    shown = harmless(text)
    assert all(c.isprintable() or c in "\n\t" for c in shown)
    shown.encode()
    assert harmless(shown) == shown
