"""Counts as they are typed."""

from __future__ import annotations

import pytest

from runner.cli.counts import count_option
from runner.errors import USAGE, WfError


@pytest.mark.parametrize(("written", "expected"), [(None, None), ("0", 0), ("020", 20), ("٣", 3)])
def test_a_count(written: str | None, expected: int | None) -> None:
    assert count_option("--last", written, "") == expected


@pytest.mark.parametrize(
    "written", ["", "few", "-1", "1.5", "1e3", "²", " 1", "9" * 13, "9" * 5000]
)
def test_what_is_none(written: str) -> None:
    with pytest.raises(WfError) as caught:
        count_option("--tail", written, "wf logs -n 20 last", of="lines")
    assert caught.value.kind == USAGE
    assert caught.value.message == f"--tail: a number of lines is wanted, not `{written}`"
    assert caught.value.hint == "wf logs -n 20 last"


def test_what_is_too_few() -> None:
    with pytest.raises(WfError, match="--level: a number of at least 1 is wanted, not `0`"):
        count_option("--level", "0", "", least=1)
    assert count_option("--level", "1", "", least=1) == 1
