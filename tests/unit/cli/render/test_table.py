"""Tables and ages."""

from __future__ import annotations

import pytest

from runner.cli.render.style import Style, columns, cut
from runner.cli.render.table import Column, age, fitted, table

PLAIN = Style(colour=False, unicode=True, terminal=False, width=80)
ASCII = PLAIN._replace(unicode=False)
COLOUR = PLAIN._replace(colour=True)


def test_columns_are_as_wide_as_what_stands_in_them() -> None:
    text = table(("RUN", "STATUS", "N"), [("wet-mango-1", "failed", "1"), ("x", "ok", "22")], PLAIN)
    assert text == (
        "RUN           STATUS   N\n"
        "wet-mango-1   failed   1\n"
        "x             ok       22\n"
    )  # fmt: skip


def test_no_line_ends_in_blanks() -> None:
    text = table(("A", "B"), [("a", ""), ("", "")], PLAIN)
    assert text == "A   B\na\n\n"


def test_a_table_without_rows_is_its_header() -> None:
    assert table(("A", "LONG"), [], PLAIN) == "A   LONG\n"


def test_lines_are_not_cut() -> None:
    assert "x" * 500 in table(("A",), [("x" * 500,)], PLAIN)


def test_symbols_that_are_spelled_out_do_not_shift_the_columns() -> None:
    text = table(("A", "B"), [("✓", "1"), ("a", "2"), ("✗ b…", "3")], ASCII)
    lines = text.splitlines()
    assert [line.rstrip()[-1] for line in lines] == ["B", "1", "2", "3"]
    assert len({len(line) for line in lines}) == 1


def test_colour_does_not_shift_the_columns() -> None:
    def paint(column: int, text: str) -> tuple[str, ...]:
        return ("red",) if (column, text) == (0, "failed") else ()

    rows = [("failed", "1"), ("ok", "2")]
    text = table(("S", "N"), rows, COLOUR, paint)
    assert "\x1b[31mfailed\x1b[0m   1\n" in text
    for code in ("31", "2", "0"):
        text = text.replace(f"\x1b[{code}m", "")
    assert text == table(("S", "N"), rows, PLAIN)


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "now"),
        (0, "now"),
        (0.4, "now"),
        (0.9, "1s"),
        (59.4, "59s"),
        (59.9, "1m"),
        (3599, "59m"),
        (3600, "1h"),
        (86399, "23h"),
        (86400, "1d"),
        (86400 * 400, "400d"),
    ],
)
def test_an_age_in_one_unit(seconds: float, said: str) -> None:
    assert age(seconds) == said


SHAPE = (Column("NAME", 0, 6), Column("WHERE", 2), Column("WHY", 1, 4))
ROWS = [("wet-mango-1", "local", "asked for"), ("shy-newt-2", "", "because of it")]


def on(width: int) -> Style:
    return PLAIN._replace(terminal=True, width=width)


def test_what_fits_is_the_whole_table() -> None:
    text = fitted(SHAPE, ROWS, on(36))
    assert text == (
        "NAME          WHERE   WHY\n"
        "wet-mango-1   local   asked for\n"
        "shy-newt-2    -       because of it\n"
    )
    assert fitted(SHAPE, ROWS, PLAIN._replace(width=3)) == text


def test_what_can_be_cut_is_cut_first() -> None:
    assert fitted(SHAPE, ROWS, on(30)) == (
        "NAME         WHERE   WHY\nwet-mango…   local   asked for\nshy-newt-2   -       because…\n"
    )


def test_then_the_least_needed_column_is_left_out() -> None:
    assert fitted(SHAPE, ROWS, on(20)) == (
        "NAME        WHY\nwet-man…    asked for\nshy-newt…   because…\n"
    ).replace("wet-man…    asked for", "wet-mang…   asked f…")


@pytest.mark.parametrize("width", range(2, 60))
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    for dress in (on(width), on(width)._replace(unicode=False)):
        assert max(map(columns, fitted(SHAPE, ROWS, dress).splitlines())) <= width


def test_a_column_in_which_nothing_stands_is_not_shown() -> None:
    assert fitted(SHAPE, [("a", "", "b")], PLAIN) == "NAME   WHY\na      b\n"


def test_a_cell_is_painted_by_the_title_of_its_column() -> None:
    def paint(title: str, _text: str) -> tuple[str, ...]:
        return ("red",) if title == "WHY" else ()

    assert "a      \x1b[31mb\x1b[0m\n" in fitted(SHAPE, [("a", "", "b")], COLOUR, paint)


@pytest.mark.parametrize(
    ("text", "width", "said"),
    [
        ("short", 5, "short"),
        ("longer", 5, "long…"),
        ("a b c d", 5, "a b…"),
        (
            "\N{SNOWMAN}\N{HIRAGANA LETTER A}\N{HIRAGANA LETTER A}",
            4,
            "\N{SNOWMAN}\N{HIRAGANA LETTER A}…",
        ),
        ("longer", 1, "…"),
        ("longer", 0, ""),
    ],
)
def test_a_text_that_is_cut(text: str, width: int, said: str) -> None:
    assert cut(text, width) == said
