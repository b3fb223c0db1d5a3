"""Whatever a log ends with, reading it comes to a failure that can be shown."""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.cli.render.failure import excerpt
from runner.cli.render.style import style
from runner.engine.failing.causes.table import RULES
from runner.engine.failing.explain import explain
from runner.engine.failing.failure import MAX_LINES, Failure
from runner.engine.failing.known import Known, Setting

if TYPE_CHECKING:
    from runner.engine.failing.causes.rule import Rule

LOGS = [path.read_bytes() for path in sorted(Path("tests/golden/failures").glob("*.log"))]
KNOWN = Known("train", folders=("/w",), script="train.py", copied=lambda path: len(path) % 2 == 0)
PIECES = [
    b"Traceback (most recent call last):\n", b'  File "/w/train.py", line 3, in step\n',
    b"    x = 1\n", b"ValueError: no\n", b"\r", b"\n", b"\x1b[1m", b"\xff\x00", b"[rank1]: ",
    b"\nThe above exception was the direct cause of the following exception:\n\n", b"  | ",
    b"-- Process 1 terminated with the following error:\n",
    b"Root Cause (first observed failure):\n", b"  + Exception",
    b"  rank      : 1 (local_rank: 1)\n", b"  exitcode  : -9 (pid: 1)\n", b"E   assert 0\n",
    b"=== FAILURES ===\n", "╭─── Traceback (most recent call last) ───╮\n".encode(),
    b"train.sh: line 3: foo: command not found\n", b" 10%|#  | 1/10 [00:01<00:09]",
]  # fmt: skip


def check(failure: Failure) -> None:
    """A card has at most eight lines, three of which stand around these, and nothing moves."""
    assert len(failure.lines) <= MAX_LINES
    words = [*failure.lines, *(failure.cause or ())]
    assert all(word.isprintable() for word in words), words
    shown = excerpt(failure.document(), style(io.StringIO(), {}))
    assert len(shown) <= MAX_LINES + 1
    assert all(line.isprintable() for line in shown)


def test_what_a_container_lacks_is_not_looked_for_here() -> None:
    contained = KNOWN._replace(contained=True, code=127)
    said = {
        b"ls: cannot access '/data': No such file or directory\n": "/data does not exist in the",
        b"bash: line 1: foo: command not found\n": "there is no command `foo`",
        b"[FATAL tini (7)] exec sh failed: No such file or directory\n": "the image has no shell",
    }
    for log, start in said.items():
        cause = explain(log, contained).cause
        assert cause is not None
        assert cause.said.startswith(start)
        assert "on this machine" not in f"{cause.said} {cause.hint}"


@given(st.binary(max_size=400))
def test_any_bytes(tail: bytes) -> None:
    check(explain(tail, KNOWN))


@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=5), max_size=40))
def test_pieces_of_logs_in_any_order(pieces: list[bytes]) -> None:
    check(explain(b"".join(pieces), KNOWN))


@given(st.data())
@settings(max_examples=200)
def test_logs_that_are_cut_and_mixed(data: st.DataObject) -> None:
    lines = data.draw(st.sampled_from(LOGS)).split(b"\n")
    other = data.draw(st.sampled_from(LOGS)).split(b"\n")
    at = data.draw(st.integers(0, len(lines)))
    mixed = [*lines[at:], *other[: data.draw(st.integers(0, len(other)))]]
    check(explain(b"\n".join(mixed), KNOWN))


@pytest.mark.parametrize("number", range(len(RULES)))
def test_every_rule_explains_all_that_it_recognises(number: int) -> None:
    rule: Rule = RULES[number]

    @given(st.from_regex(rule.words), st.sampled_from([1, 2, 127, 137]), st.booleans())
    @settings(max_examples=25)
    def explained(text: str, code: int, traced: bool) -> None:  # noqa: FBT001
        head = (
            'Traceback (most recent call last):\n  File "/w/a.py", line 1, in f\n' if traced else ""
        )
        known = KNOWN._replace(code=code, gpus=code % 2, settings=(Setting("lr", "1"),))
        check(explain(f"{head}{text}\n".encode(errors="replace"), known))

    explained()


def test_a_log_without_an_end_takes_no_time() -> None:
    for filler in (b"a", b"-", b"=", b"|", b" ", b"[", b": ", b"'", b'File "', b"x=\r"):
        check(explain(filler * (200_000 // len(filler)), KNOWN))


@pytest.mark.parametrize(("follows", "told"), [(0, True), (40, True), (60, False), (3000, False)])
def test_what_follows_a_failure_hides_it_only_when_it_is_a_lot(follows: int, told: bool) -> None:  # noqa: FBT001
    log = LOGS[0] + b"".join(b"step %d is done\n" % number for number in range(follows))
    assert (explain(log, KNOWN).place is not None) == told
