"""Kinds of values that flags have."""

from __future__ import annotations

import argparse

import pytest
from common.flags import positive_int, share


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
