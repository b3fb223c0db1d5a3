"""``gpu:`` in one text: its parts in any order."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic_core import PydanticCustomError

from runner.spec.accelerators import names, parts, vendor

PARTS = {"vendor": "nvidia", "name": "A100,H100", "memory": "24GB..80GB", "count": "1..2"}


@given(st.permutations(sorted(PARTS)), st.integers(1, len(PARTS)))
def test_the_order_of_the_parts_makes_no_difference(order: list[str], count: int) -> None:
    chosen = order[:count]
    assert parts(":".join(PARTS[key] for key in chosen)) == {key: PARTS[key] for key in chosen}


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("2", {"count": "2"}),
        ("24", {"count": "24"}),
        ("..2", {"count": "..2"}),
        ("24GB", {"memory": "24GB"}),
        ("..24GB", {"memory": "..24GB"}),
        ("RTX4090 : 2", {"name": "RTX4090", "count": "2"}),
        ("TPU:v5", {"vendor": "TPU", "name": "v5"}),
    ],
)
def test_parts_are_told_apart_by_their_signs(written: str, meant: dict[str, str]) -> None:
    assert parts(written) == meant


def test_what_is_no_text_is_left_alone() -> None:
    assert parts({"count": "1"}) == {"count": "1"}
    assert parts(["A100"]) == ["A100"]


@pytest.mark.parametrize(
    "written", ["", ":", "A100:", ":2", "A100:H100", "1:2", "8GB:9GB", "amd:tt"]
)
def test_parts_that_are_missing_or_stand_twice(written: str) -> None:
    with pytest.raises(PydanticCustomError):
        parts(written)


@given(st.text(max_size=20))
def test_any_text_has_parts_or_is_refused(text: str) -> None:
    try:
        found = parts(text)
    except PydanticCustomError:
        return
    assert found
    assert all(found.values())


@pytest.mark.parametrize("written", ["nvidia", "NVIDIA"])
def test_the_vendor_that_there_is(written: str) -> None:
    assert vendor(written) == "nvidia"


@pytest.mark.parametrize(
    "written", ["amd", "google", "tpu", "intel", "tenstorrent", "tt", "ati", [], None]
)
def test_other_vendors_are_refused(written: Any) -> None:
    with pytest.raises(PydanticCustomError):
        vendor(written)


@pytest.mark.parametrize(
    ("written", "meant"),
    [("A100", ("A100",)), ("A100, H100", ("A100", "H100")), (["A100", "H100"], ("A100", "H100"))],
)
def test_names(written: Any, meant: tuple[str, ...]) -> None:
    assert names(written) == meant


@pytest.mark.parametrize("written", ["", "A100,", [], ["A100", ""], ["tpu-v5"], [None], {"a": "b"}])
def test_other_names_are_refused(written: Any) -> None:
    with pytest.raises(PydanticCustomError):
        names(written)
