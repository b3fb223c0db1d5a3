"""Any data that a workflow file can hold, as the document gives them."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from runner.document.scalars import plain

WORDS = [
    *("python", "python@main", "python3.9", "python:3.9", "python - 3.9", "python x", "bash"),
    *("repo", "name", "https://github.com/dstackai/dstack", "mine", "3.9", "true", "~", " ", ""),
]
texts = st.sampled_from(WORDS) | st.text(max_size=12)
scalars: st.SearchStrategy[Any] = st.none() | texts.map(plain)
trees: st.SearchStrategy[Any] = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)
