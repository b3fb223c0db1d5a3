from __future__ import annotations

import pytest

from runner.errors import USAGE, WfError
from runner.secrets.allowed import MOST_BYTES, checked_name, checked_value


@pytest.mark.parametrize("name", ["A", "_", "HF_TOKEN", "lower_2"])
def test_names(name: str) -> None:
    assert checked_name(name) == name


@pytest.mark.parametrize(
    "name",
    ["", "2A", "A-B", "A B", "A=B", "Ä", "A\n", "../x", "-f", "PATH", "LD_PRELOAD", "WF_RUN",
     "WF_X", "A" * 256],
)  # fmt: skip
def test_no_names(name: str) -> None:
    with pytest.raises(WfError) as caught:
        checked_name(name)
    assert caught.value.kind == USAGE
    assert caught.value.hint


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (b"abcdef", "abcdef"),
        (b"abcdef\n", "abcdef"),
        (b"abcdef\r\n", "abcdef"),
        (b"abcdef\n\n", "abcdef\n"),
        (b" abcdef ", " abcdef "),
        ("äöü".encode(), "äöü"),
        (b"-----BEGIN\nabc\n-----END\n", "-----BEGIN\nabc\n-----END"),
        (b"a" * MOST_BYTES, "a" * MOST_BYTES),
    ],
)
def test_values(given: bytes, value: str) -> None:
    assert checked_value(given) == value


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (b"", "empty"),
        (b"\n", "empty"),
        (b"abcde", "shorter than 6 bytes"),
        (b"  abc  \t", "shorter than 6 bytes"),
        (b"abc\0def", "NUL"),
        (b"abc\xffdef", "no UTF-8"),
        (b"a" * (MOST_BYTES + 1), "longer than 65,536 bytes"),
    ],
)
def test_no_values(given: bytes, why: str) -> None:
    with pytest.raises(WfError, match=why) as caught:
        checked_value(given)
    assert caught.value.kind == USAGE
    assert caught.value.hint
    told = f"{caught.value.message} {caught.value.hint} {caught.value.details}"
    assert "abc" not in told
