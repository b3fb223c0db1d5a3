"""A pile of work is shared out to helpers, and all of it is done once."""

from __future__ import annotations

import os
import sys
from itertools import count
from pathlib import Path

import pytest

from runner.process.crew import Hand, share_out

ECHO = "import sys\nfor line in sys.stdin:\n    print(line, end='', flush=True)\n"
WHO = "import os, sys\nfor line in sys.stdin:\n    print(os.getpid(), flush=True)\n"
# ends without an answer at a line that says so
FRAGILE = (
    "import os, sys\nfor line in sys.stdin:\n"
    "    os._exit(1) if line == 'end\\n' else print(line, end='', flush=True)\n"
)


def hand(program: str) -> Hand:
    return Hand([sys.executable, "-c", program], dict(os.environ), Path.cwd())


def test_every_line_is_answered_once() -> None:
    lines = [str(number).encode() for number in range(200)]
    assert sorted(share_out(lines, hand(ECHO), 3)) == sorted(lines)


def test_all_hands_are_at_work() -> None:
    assert len(set(share_out([b"who"] * 4, hand(WHO), 2))) == 2


def test_long_lines_wait_for_nobody() -> None:
    lines = [b"x" * 32_000] * 8
    assert list(share_out(lines, hand(ECHO), 1)) == lines


def test_nothing_to_do_is_done() -> None:
    assert list(share_out([], hand(ECHO), 2)) == []


def test_what_one_was_at_when_it_ended_stays_unanswered_and_the_others_go_on() -> None:
    lines = [b"end", *(str(number).encode() for number in range(50))]
    answers = list(share_out(lines, hand(FRAGILE), 2))
    assert set(answers) <= set(lines)
    # the line it ended at, and the one that it had at hand
    assert len(answers) >= len(lines) - 2


def test_when_all_have_ended_it_is_over() -> None:
    assert list(share_out([b"end"] * 4, hand(FRAGILE), 2)) == []


def test_none_outlives_who_stops_listening() -> None:
    work = share_out((b"who" for _ in count()), hand(WHO), 2)
    pid = int(next(work))
    work.close()  # type: ignore[attr-defined]
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)
