"""Edits put into texts."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.document.edits import changed, edited, in_one_line, touched
from runner.errors import Edit


def test_edits_are_put_in_whatever_their_order() -> None:
    edits = [Edit(2, 1, 2, 2, "B"), Edit(1, 3, 1, 3, "!"), Edit(3, 1, 4, 1, "")]
    assert edited(b"ab\nbc\ncd\nde\n", edits) == b"ab!\nBc\nde\n"


def test_a_byte_order_mark_and_line_endings_stay() -> None:
    source = b"\xef\xbb\xbfa: 1\r\nb: 2\r\n"
    assert edited(source, [Edit(1, 1, 1, 2, "x\n  y")]) == b"\xef\xbb\xbfx\r\n  y: 1\r\nb: 2\r\n"


def test_a_last_line_without_an_end_can_be_taken_out_and_built_upon() -> None:
    assert edited(b"a\nb", [Edit(2, 1, 3, 1, "")]) == b"a\n"
    assert edited(b"a\nb", [Edit(2, 2, 2, 2, "\nc")]) == b"a\nb\nc"


def test_the_lines_that_change() -> None:
    lines = ["a: 1", "a: 1", "b: 2"]
    assert changed(lines, [Edit(2, 1, 3, 1, "")]) == (["a: 1"], [])
    assert changed(lines, [Edit(3, 1, 3, 2, "c")]) == (["b: 2"], ["c: 2"])
    assert changed(lines, [Edit(3, 1, 3, 1, "x:\n  ")]) == (["b: 2"], ["x:", "  b: 2"])


def test_one_line_with_edits_unless_there_are_others() -> None:
    assert in_one_line(7, "gpu: 1", [Edit(7, 1, 7, 1, "x:\n  ")]) == ["x:", "  gpu: 1"]
    assert in_one_line(7, "gpu: 1", [Edit(7, 1, 8, 1, "")]) == []
    assert in_one_line(7, "gpu: 1", [Edit(6, 1, 6, 1, "a")]) == []


def test_the_lines_that_edits_are_in() -> None:
    assert touched([Edit(2, 1, 3, 1, ""), Edit(7, 2, 8, 4, "x")]) == {2, 7, 8}


@st.composite
def cases(draw: st.DrawFn) -> tuple[str, list[tuple[int, int, str]]]:
    """A text, and pieces of it to be replaced, by offsets."""
    newline = draw(st.sampled_from(["\n", "\r\n"]))
    lines = draw(st.lists(st.text(st.sampled_from("ab é日:"), max_size=8), min_size=1, max_size=6))
    text = newline.join(lines)
    # not between the two characters of a line's end
    places = [n for n in range(len(text) + 1) if text[n - 1 : n + 1] != "\r\n"]
    cuts = sorted(draw(st.sets(st.sampled_from(places), max_size=6)))
    pairs = zip(cuts[::2], cuts[1::2], strict=False)
    return text, [(a, b, draw(st.sampled_from(["", "x", "yz"]))) for a, b in pairs]


def position(text: str, offset: int) -> tuple[int, int]:
    """Line and column of an offset, from 1."""
    before = text[:offset].replace("\r\n", "\n\n")
    above = text[:offset].count("\n")
    start = before.rfind("\n") + 1
    return above + 1, len(before) - start + 1


@given(cases())
def test_all_that_no_edit_covers_stays(case: tuple[str, list[tuple[int, int, str]]]) -> None:
    text, pieces = case
    edits = [Edit(*position(text, a), *position(text, b), put) for a, b, put in pieces]
    expected, at = "", 0
    for start, end, put in pieces:
        expected, at = expected + text[at:start] + put, end
    assert edited(text.encode(), edits).decode() == expected + text[at:]


@pytest.mark.parametrize("source", [b"", b"\n", b"a", b"\xef\xbb\xbf"])
def test_no_edits_change_nothing(source: bytes) -> None:
    assert edited(source, []) == source
