"""Names of runs."""

from __future__ import annotations

import re
from itertools import islice
from random import Random

import pytest

from runner.records.names import ADJECTIVES, ANIMALS, candidates


def test_one_pair_and_numbers_from_one() -> None:
    names = candidates(lambda words: words[0])
    assert list(islice(names, 3)) == ["able-ant-1", "able-ant-2", "able-ant-3"]


def test_every_name_is_typed_easily() -> None:
    choose = Random(7).choice
    for _ in range(100):
        assert re.fullmatch(r"[a-z]+-[a-z]+-1", next(candidates(choose)))


@pytest.mark.parametrize("words", [ADJECTIVES, ANIMALS])
def test_the_words_are_many_different_and_short(words: tuple[str, ...]) -> None:
    assert len(set(words)) == len(words) >= 100
    assert max(len(word) for word in words) <= 8
