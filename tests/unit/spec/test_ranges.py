"""Ranges of resources: every spelling, and that no range goes down."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from runner.spec.ranges import Range, numbers, size, sizes

MIB, GIB, TIB = 2**20, 2**30, 2**40

ends = st.integers(0, 999_999_999)


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("4", Range(4, 4)),
        ("4..", Range(4)),
        ("..8", Range(None, 8)),
        ("2..8", Range(2, 8)),
        (" 2 .. 8 ", Range(2, 8)),
        ("3..3", Range(3, 3)),
        ({"min": "2", "max": "8"}, Range(2, 8)),
        ({"min": "2", "max": None}, Range(2)),
    ],
)
def test_numbers(written: Any, meant: Range) -> None:
    assert numbers(written) == meant


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("16", Range(16 * GIB, 16 * GIB)),
        ("512MB", Range(512 * MIB, 512 * MIB)),
        ("1.5tb", Range(3 * TIB // 2, 3 * TIB // 2)),
        ("24GB..80GB", Range(24 * GIB, 80 * GIB)),
        ("16 gb ..", Range(16 * GIB)),
        ("..1TB", Range(None, TIB)),
        ("16..32GB", Range(16 * GIB, 32 * GIB)),
    ],
)
def test_sizes_count_in_1024(written: str, meant: Range) -> None:
    assert sizes(written) == meant


@pytest.mark.parametrize(
    "written",
    ["", "..", "8..2", "a", "1.5", "-1", "1...2", "1..2..3", "four..", [], None,
     {"min": "1", "x": "2"}, {"min": "8", "max": "2"}, {"min": None, "max": None}],
)  # fmt: skip
def test_other_numbers_are_refused(written: Any) -> None:
    with pytest.raises(PydanticCustomError):
        numbers(written)


@pytest.mark.parametrize("written", ["", "16GiB", "16G", "GB", "1e3", "-5", "16 GB ram", [], None])
def test_other_sizes_are_refused(written: Any) -> None:
    with pytest.raises(PydanticCustomError):
        size(written)


def test_a_binary_unit_is_told_how_it_is_written_here() -> None:
    with pytest.raises(PydanticCustomError) as caught:
        size("16GiB")
    assert (caught.value.context or {})["hint"].startswith("write 16GB,")


@pytest.mark.parametrize(("lower", "least"), [(4, 4), (0, None), (None, None)])
def test_nothing_at_all_is_not_asked_for(lower: int | None, least: int | None) -> None:
    assert Range(lower, 8).least == least


@given(st.none() | ends, st.none() | ends)
def test_a_range_that_can_be_read_does_not_go_down(lower: int | None, upper: int | None) -> None:
    written = f"{'' if lower is None else lower}..{'' if upper is None else upper}"
    try:
        read = numbers(written)
    except PydanticCustomError:
        assert (lower is None and upper is None) or (
            lower is not None and upper is not None and lower > upper
        )
        return
    assert (read.lower, read.upper) == (lower, upper)
    assert read.lower is None or read.upper is None or read.lower <= read.upper


@given(st.none() | ends, st.none() | ends)
def test_a_printed_range_reads_as_itself(lower: int | None, upper: int | None) -> None:
    if lower is None and upper is None:
        return
    if lower is not None and upper is not None:
        lower, upper = sorted((lower, upper))
    assert numbers(str(Range(lower, upper))) == Range(lower, upper)


@given(st.text(max_size=30))
def test_any_text_is_read_or_refused_with_a_hint(text: str) -> None:
    for reader in (numbers, sizes):
        try:
            found = reader(text)
        except PydanticCustomError as error:
            assert (error.context or {})["hint"]  # noqa: PT017 - either way is right
        else:
            assert found.lower is not None or found.upper is not None
