"""Corrections in rounds: what gets in each other's way waits, what does harm is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.document.mend import mend
from runner.document.reader import read
from runner.errors import Edit, Fix, Place, Problem, WfError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FILE = "workflows.yaml"


def replacing(old: str, new: str) -> Callable[[Mapping[str, bytes]], object]:
    """A check that finds every ``old`` in a readable file, and would have ``new`` there."""

    def check(files: Mapping[str, bytes]) -> None:
        document = read(files[FILE], FILE)
        problems = [
            Problem(
                f"{old} on line {number}",
                place=Place(FILE, number, at + 1, at + len(old) + 1, line),
                fix=Fix("edit", edits=(Edit(number, at + 1, number, at + len(old) + 1, new),)),
            )
            for number, line in enumerate(document.lines, 1)
            for at in range(len(line))
            if line.startswith(old, at)
        ]
        if problems:
            raise invalid(problems)

    return check


def test_every_mistake_is_corrected_one_of_a_line_at_a_time() -> None:
    mended = mend({FILE: b"a: [x, x]\nb: x\n"}, replacing("x", "y"))
    assert mended.error is None
    assert mended.files == {FILE: b"a: [y, y]\nb: y\n"}
    assert [(done.line, done.before, done.after) for done in mended.fixed] == [
        (1, ("a: [x, x]",), ("a: [y, x]",)),
        (2, ("b: x",), ("b: y",)),
        (1, ("a: [y, x]",), ("a: [y, y]",)),
    ]


@pytest.mark.parametrize("harm", ["[", "*b", "!tag z", "\x07", "\0"])
def test_what_leaves_a_file_that_cannot_be_read_is_taken_back(harm: str) -> None:
    source = {FILE: b"a: x\n"}
    mended = mend(source, replacing("x", harm))
    assert mended.files == source
    assert mended.fixed == ()
    assert mended.error is not None
    assert mended.error.message == "x on line 1"


def test_a_repeated_entry_whose_anchor_is_needed_stays() -> None:
    source = {FILE: b"a: 1\na: &x 1\nb: *x\n"}
    mended = mend(source, lambda files: read(files[FILE], FILE))
    assert mended.files == source
    assert mended.fixed == ()


def test_what_changes_without_end_comes_to_one() -> None:
    mended = mend({FILE: b"a: x\n"}, replacing("x", "xx"))
    assert mended.error is not None
    assert 1 < len(mended.fixed) <= 100


def test_a_line_that_nobody_wrote_is_left_alone() -> None:
    source = {FILE: b"a: x #" + b"-" * 5000 + b"\nb: x\n"}
    mended = mend(source, replacing("x", "y"))
    assert [done.line for done in mended.fixed] == [2]


def test_what_cannot_be_read_at_all_is_left_as_it_is() -> None:
    for text in (b"", b"\xff", b"\0"):
        mended = mend({FILE: text}, replacing("x", "y"))
        assert mended.files == {FILE: text}
        assert isinstance(mended.error, WfError)


def test_mistakes_of_other_files_are_not_corrected() -> None:
    def check(_: Mapping[str, bytes]) -> None:
        place = Place("requirements.txt", 1, 1, 2, "x")
        fix = Fix("edit", edits=(Edit(1, 1, 1, 2, "y"),))
        raise invalid([Problem("m", place=place, fix=fix)])

    assert mend({FILE: b"x"}, check).fixed == ()
