"""Addresses of kept files."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from runner.cli.addresses import address, kept_path


@pytest.mark.parametrize(
    ("written", "run", "path"),
    [
        ("last", "last", None),
        ("last:", "last", None),
        ("last:.", "last", None),
        ("wet-mango-1:model/a.ckpt", "wet-mango-1", "model/a.ckpt"),
        ("wet-mango-1:./model//a/", "wet-mango-1", "model/a"),
        (":best", ":best", None),
        (":best:model", ":best", "model"),
        (":best:a:b", ":best", "a:b"),
        ("last:a:b", "last", "a:b"),
        ("last:/opt/conda", "last", "/opt/conda"),
        ("last://opt/conda", "last", "/opt/conda"),
        ("last:@root/opt/conda", "last", "/opt/conda"),
        ("last:a/../b", "last", "b"),
        ("last:../b", "last", "../b"),
        ("last:-rf", "last", "-rf"),
        ("", "", None),
    ],
)
def test_taken_apart(written: str, run: str, path: str | None) -> None:
    assert address(written) == (run, path)


@given(st.text())
def test_a_path_is_the_same_when_it_is_read_again(written: str) -> None:
    once = kept_path(written)
    assert once is None or once.startswith("@root/") or kept_path(once) == once
