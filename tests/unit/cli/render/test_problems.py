"""Mistakes as people see them, and as programs do."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.cli.render.problems import (
    count_line,
    error_document,
    problem_document,
    show_error,
    show_notices,
    show_problems,
)
from runner.cli.render.style import Style
from runner.errors import ENVIRONMENT, INVALID, USAGE, Place, Problem, Related, WfError, invalid

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    Streams = Callable[..., io.StringIO]

HERE = Place("workflows.yaml", 12, 7, 10, "      cpu: 0")
PROBLEM = Problem("unknown key `cpu`", route=("workflows", 0, "cpu"), hint="leave it", place=HERE)


def shown(out: io.StringIO, error: WfError, columns: str = "80") -> str:
    """What is written for an error."""
    show_error(error, out, {"COLUMNS": columns})
    return out.getvalue()


def columns(text: str) -> int:
    """How many columns of a terminal a text takes."""
    return sum(
        0 if unicodedata.combining(c) else 2 if unicodedata.east_asian_width(c) in "WF" else 1
        for c in text
    )


def marked(out: str) -> str:
    """The text above the mark, found by counting columns as a terminal does."""
    above, mark = out.splitlines()[1:3]
    start, end = mark.index("^"), len(mark)
    return "".join(c for n, c in enumerate(above) if start <= columns(above[:n]) < end)


def excerpt(out: io.StringIO, line: str, start: int, length: int, width: str = "80") -> str:
    """The excerpt of a line with ``length`` characters from ``start`` marked."""
    place = Place("f", 1, start + 1, start + length + 1, line)
    return shown(out, invalid([Problem("m", place=place)]), width)


# --- for people -----------------------------------------------------------------------------------


def test_a_problem_with_its_place(stream: Streams) -> None:
    assert shown(stream(), invalid([PROBLEM])) == (
        "workflows.yaml:12:7: error: unknown key `cpu`\n"
        " 12 │       cpu: 0\n"
        "    │       ^^^\n"
        "hint: leave it\n"
    )


def test_a_problem_on_a_stream_without_our_symbols(stream: Streams) -> None:
    text = shown(stream("ascii"), invalid([PROBLEM]))
    assert text.splitlines()[1:3] == [" 12 |       cpu: 0", "    |       ^^^"]


def test_every_problem_is_shown_in_order(stream: Streams) -> None:
    out = stream()
    show_problems([PROBLEM, Problem("second")], out, {})
    lines = out.getvalue().splitlines()
    assert lines[0].endswith("unknown key `cpu`")
    assert lines[-1] == "error: second"


def test_an_error_without_a_place_has_hint_and_details(stream: Streams) -> None:
    error = WfError(ENVIRONMENT, "cannot install `x`", hint="look", details="one\n\x1b[31mtwo\n")
    assert shown(stream(), error) == (
        "error: cannot install `x`\n  │ one\n  │ \\x1b[31mtwo\nhint: look\n"
    )


def test_colour_changes_nothing_but_colour(stream: Streams) -> None:
    out = stream(terminal=True)
    text = shown(out, invalid([PROBLEM]))
    for code in ("31;1", "36", "1", "2", "0"):
        text = text.replace(f"\x1b[{code}m", "")
    assert text == shown(stream(), invalid([PROBLEM]))


@pytest.mark.parametrize(
    ("line", "start", "length", "text"),
    [
        ("name: x", 0, 4, "name"),
        ("\tname: x", 1, 4, "name"),
        ("größe: x", 7, 1, "x"),
        ("name: 日本 x", 9, 1, "x"),
        ("name: 日本", 6, 2, "日本"),
        ("😀: x", 3, 1, "x"),
        ("e\u0301: x", 4, 1, "x"),
        ("a\u202eb: x", 5, 1, "x"),
        ("\x1b[31m: x", 7, 1, "x"),
        ("a\u00a0b: x", 5, 1, "x"),
    ],
)
def test_the_mark_stands_under_the_fault(
    stream: Streams, line: str, start: int, length: int, text: str
) -> None:
    assert marked(excerpt(stream(), line, start, length)) == text


def test_a_mark_past_the_end_of_the_line_is_one_wide(stream: Streams) -> None:
    lines = excerpt(stream(), "ab", 2, 1).splitlines()
    assert lines[2] == "   │   ^"


def test_a_long_line_is_cut_around_the_fault(stream: Streams) -> None:
    line = "a" * 200 + "FAULT" + "b" * 200
    out = excerpt(stream(), line, 200, 5)
    assert marked(out) == "FAULT"
    assert "aFAULTb" in out
    assert max(len(row) for row in out.splitlines()) <= 80


def test_a_long_fault_is_marked_as_far_as_it_is_shown(stream: Streams) -> None:
    out = excerpt(stream(), "key: " + "x" * 300, 5, 300)
    assert set(marked(out)) == {"x"}
    assert max(len(row) for row in out.splitlines()) <= 80


@given(
    st.text(st.sampled_from("ab \té日😀\u0301\u202e\x1b"), max_size=60),
    st.integers(0, 60),
    st.integers(1, 60),
    st.sampled_from(["1", "20", "40", "80", "200"]),
)
def test_the_mark_is_always_under_what_is_shown(
    line: str, start: int, length: int, width: str
) -> None:
    import io

    out = io.StringIO()
    above, mark = excerpt(out, line, min(start, len(line)), length, width).splitlines()[1:3]
    assert mark.strip(" |^") == ""
    assert "^" in mark
    assert columns(above) + 1 >= mark.index("^")


@pytest.mark.parametrize("text", ["\x1b[2Jgone", "a\rb", "\u202etxt"])
def test_nothing_foreign_reaches_the_terminal(stream: Streams, text: str) -> None:
    place = Place(f"{text}.yaml", 1, 1, 2, text)
    error = WfError(INVALID, "m", hint=text, details=text, problems=(
        Problem(f"unknown key `{text}`", hint=text, place=place),))  # fmt: skip
    assert all(c.isprintable() or c == "\n" for c in shown(stream(), error))


@pytest.mark.parametrize(
    ("number", "fixable", "said"),
    [
        (1, 0, "1 mistake (exit 65)"),
        (2, 0, "2 mistakes (exit 65)"),
        (1, 1, "1 mistake (exit 65); `wf validate --fix` puts it right"),
        (2, 2, "2 mistakes (exit 65); `wf validate --fix` puts them right"),
        (3, 2, "3 mistakes (exit 65); `wf validate --fix` puts 2 of them right"),
    ],
)
def test_the_last_line_counts_and_says_what_to_do(number: int, fixable: int, said: str) -> None:
    dress = Style(colour=False, unicode=True, terminal=False, width=80)
    assert count_line(number, fixable, dress) == f"{said}\n"


FIRST = Place("workflows.yaml", 2, 7, 11, "    - name: a")


def test_what_a_problem_has_to_do_with_stands_below_it(stream: Streams) -> None:
    problem = Problem("m", place=HERE, hint="h", related=(Related("first here", place=FIRST),))
    assert shown(stream(), invalid([problem])) == (
        "workflows.yaml:12:7: error: m\n"
        " 12 │       cpu: 0\n"
        "    │       ^^^\n"
        "  2 │     - name: a\n"
        "    │       ---- first here\n"
        "hint: h\n"
    )


def test_a_line_of_another_file_is_shown_with_its_place(stream: Streams) -> None:
    other = Place("variables.yaml", 100, 1, 2, "a: 1")
    problem = Problem("m", place=HERE, related=(Related("set here", place=other),))
    assert shown(stream(), invalid([problem])).splitlines()[1:] == [
        "  12 │       cpu: 0",
        "     │       ^^^",
        "    ::: variables.yaml:100:1",
        " 100 │ a: 1",
        "     │ - set here",
    ]


@given(st.integers(1, 60), st.integers(1, 60), st.sampled_from(["20", "40", "80"]))
def test_a_label_is_never_wider_than_the_terminal(start: int, length: int, width: str) -> None:
    import io

    place = Place("f", 1, start, start + length, "x" * 60)
    problem = Problem("m", place=place, related=(Related("first here", place=place),))
    lines = shown(io.StringIO(), invalid([problem]), width).splitlines()
    assert max(columns(line) for line in lines) <= max(int(width), 26)
    assert "first here" in lines[-1]


# --- for programs ---------------------------------------------------------------------------------


def test_a_problem_as_json() -> None:
    assert problem_document(PROBLEM) == {
        "code": "invalid",
        "message": "unknown key `cpu`",
        "hint": "leave it",
        "route": ["workflows", 0, "cpu"],
        "file": "workflows.yaml",
        "line": 12,
        "column": 7,
        "end_column": 10,
        "fixable": False,
        "related": [],
    }
    related = (Related("first here", route=("a", 1), place=FIRST),)
    assert problem_document(Problem("m", related=related))["related"] == [
        {
            "message": "first here",
            "route": ["a", 1],
            "file": "workflows.yaml",
            "line": 2,
            "column": 7,
            "end_column": 11,
        }
    ]
    nowhere = problem_document(Problem("m"))
    assert {nowhere[key] for key in ("file", "line", "column", "end_column", "hint")} == {None}


@pytest.mark.parametrize(
    ("kind", "word"),
    [
        (USAGE, "usage"),
        (INVALID, "invalid"),
        (69, "unsatisfiable"),
        (70, "internal"),
        (73, "storage"),
        (75, "busy"),
        (ENVIRONMENT, "environment"),
    ],
)
def test_an_error_as_json(kind: int, word: str) -> None:
    error = WfError(kind, "m", hint="h", details="d", problems=(PROBLEM,))
    assert error_document(error) == {
        "error": word,
        "exit_code": kind,
        "message": "m",
        "hint": "h",
        "details": "d",
        "problems": [problem_document(PROBLEM)],
    }


# --- notices --------------------------------------------------------------------------------------


def note(file: str, line: int, message: str = "`ssh` has no effect here") -> Problem:
    place = Place(file, line, 5, 8, "    ssh: true")
    return Problem(message, place=place, hint="the job runs here", code="no-effect")


@pytest.mark.parametrize(
    ("more", "also"),
    [
        ([], ""),
        ([note("a.yaml", 3)], ""),
        ([note("a.yaml", 9), note("a.yaml", 3), note("a.yaml", 7)], " (also on line 7, 9)"),
        ([note("b.yaml", 3), note("b.yaml", 3)], " (also in b.yaml:3)"),
        ([note("b.yaml", 3), note("a.yaml", 4)], " (also on line 4 and in b.yaml:3)"),
    ],
)
def test_what_is_told_twice_is_told_once_with_all_its_places(
    stream: Streams, more: list[Problem], also: str
) -> None:
    out = stream()
    show_notices([note("a.yaml", 3), *more], out, {})
    assert out.getvalue() == (
        f"a.yaml:3:5: note: `ssh` has no effect here{also}\nhint: the job runs here\n"
    )


def test_different_notices_are_told_each(stream: Streams) -> None:
    out = stream()
    show_notices([note("a.yaml", 3), note("a.yaml", 4, "other")], out, {}, hints=False)
    assert out.getvalue().splitlines() == [
        "a.yaml:3:5: note: `ssh` has no effect here",
        "a.yaml:4:5: note: other",
    ]
