"""Kinds of values that flags have."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

import pytest
from common import cores
from common.flags import off_or_count, or_cores, positive_int, positive_ints, share

if TYPE_CHECKING:
    from collections.abc import Callable


def test_values_in_their_range_are_taken() -> None:
    assert positive_int("1") == 1
    assert share("0.2") == 0.2
    assert share("1") == 1.0


@pytest.mark.parametrize("text", ["0", "-3"])
def test_a_count_is_at_least_one(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"{text} is not 1 or more"):
        positive_int(text)


@pytest.mark.parametrize("text", ["0", "1.01", "-0.5", "nan"])
def test_a_share_is_above_0_and_at_most_1(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not above 0 and at most 1"):
        share(text)


def test_several_counts_are_taken_with_commas_between() -> None:
    assert positive_ints("8") == (8,)
    assert positive_ints("1,8,64") == (1, 8, 64)


@pytest.mark.parametrize("text", ["8,,64", "", "8,", "1;2", "eight"])
def test_what_is_no_count_is_refused(text: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=f"argument --sizes: invalid .*: '{text}'"):
        parsed(positive_ints, text)


@pytest.mark.parametrize("text", ["8,0", "-1,8"])
def test_each_of_several_counts_is_at_least_one(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match="is not 1 or more"):
        positive_ints(text)


def test_off_or_how_many() -> None:
    assert [off_or_count(text) for text in ("false", "True", "0", "3")] == [0, 1, 0, 3]


@pytest.mark.parametrize("text", ["maybe", "-1", "1.5", ""])
def test_neither_off_nor_a_count(text: str) -> None:
    with pytest.raises(argparse.ArgumentTypeError, match=f"{text} is not false, true or a number"):
        off_or_count(text)


def test_as_many_as_there_are_cores() -> None:
    assert or_cores("3") == 3
    assert or_cores("cores") == cores.granted() >= 1


@pytest.mark.parametrize(
    ("text", "why"), [("0", "0 is not 1 or more"), ("core", "invalid .*: 'core'")]
)
def test_neither_a_count_nor_the_word_cores(text: str, why: str) -> None:
    with pytest.raises(argparse.ArgumentError, match=f"argument --sizes: {why}"):
        parsed(or_cores, text)


def parsed(kind: Callable[[str], object], text: str) -> object:
    """The value of a flag, as a script reads it from its command line."""
    parser = argparse.ArgumentParser(exit_on_error=False)
    parser.add_argument("--sizes", type=kind)
    return parser.parse_args([f"--sizes={text}"]).sizes
