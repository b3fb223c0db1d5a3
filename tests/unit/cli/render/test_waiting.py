"""Why a run waits, in a line."""

from __future__ import annotations

import time
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.waiting import News, waiting_line
from runner.events import Waiting

if TYPE_CHECKING:
    from collections.abc import Iterator

NOW = datetime(2022, 5, 18, 14, 20, tzinfo=timezone.utc)
BOB = "bob's calm-moth-1: GPUs 0, 1 for 12m"
WAITS = Waiting("4 GPUs (1 free)", 2, 2, (BOB,))


@pytest.fixture(autouse=True)
def greenwich(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("event", "passed", "said"),
    [
        (WAITS, 0, f"waiting for 4 GPUs (1 free) · place 2 of 2 · {BOB}"),
        (
            WAITS._replace(likely=720.0, at_most=7200.0),
            0,
            f"waiting for 4 GPUs (1 free) · place 2 of 2 · likely start 14:32 (in 12m) · {BOB}",
        ),
        (
            WAITS._replace(holders=(), at_most=7200.0),
            3600,
            "waiting for 4 GPUs (1 free) · place 2 of 2 · start at the latest 15:20 (in 1h)",
        ),
        (
            WAITS._replace(holders=(), likely=3.0),
            3600,
            "waiting for 4 GPUs (1 free) · place 2 of 2 · likely start any moment",
        ),
        (
            WAITS._replace(holders=("\x1b[2J",), short_of="\x07"),
            0,
            "waiting for \\x07 · place 2 of 2 · \\x1b[2J",
        ),
    ],
)
def test_a_wait_in_a_line(event: Waiting, passed: float, said: str) -> None:
    assert waiting_line(event, NOW, passed) == said


def test_news_are_the_first_word_another_place_and_now_and_then_another_reason() -> None:
    news = News()
    less = WAITS._replace(short_of="4 GPUs (2 free)")
    assert news.of(WAITS, 0.0)
    assert not news.of(WAITS._replace(likely=7.0), 100.0)
    assert not news.of(less, 1.0)
    assert news.of(less, 31.0)
    assert not news.of(WAITS, 32.0)
    assert news.of(WAITS._replace(place=1), 33.0)
