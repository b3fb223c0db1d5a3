"""Where a path leads among kept files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.looking.links import followed

LINKS = {
    "model/latest": "version_1",
    "model/best": "latest/best.ckpt",
    "model/out": "../../etc/passwd",
    "model/abs": "/etc/passwd",
    "loop": "loop",
    "a": "b",
    "b": "a",
}


@pytest.mark.parametrize(
    ("path", "leads"),
    [
        ("model/x", "model/x"),
        ("model/latest", "model/version_1"),
        ("model/latest/x/y", "model/version_1/x/y"),
        ("model/best", "model/version_1/best.ckpt"),
        ("model/out", None),
        ("model/abs", "/etc/passwd"),
        ("loop", None),
        ("a/x", None),
    ],
)
def test_followed(path: str, leads: str | None) -> None:
    assert followed(path, LINKS) == leads


WORDS = st.lists(st.sampled_from(["a", "b", "..", "."]), min_size=1, max_size=4).map("/".join)
NAMES = st.sampled_from(["a", "b", "a/b", "b/a"])


@given(NAMES, st.dictionaries(NAMES, WORDS))
def test_what_it_leads_to_is_no_link_and_lies_within(path: str, links: dict[str, str]) -> None:
    found = followed(path, links)
    if found is not None:
        assert found not in links
        assert ".." not in found.split("/")
