"""Several processes share tasks, of any size, and their results come in order."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.store import crew
from runner.artifacts.store.crew import Crew

if TYPE_CHECKING:
    from collections.abc import Callable

MANY = 60
LARGE = 300_000  # more than a pipe holds


@pytest.fixture(autouse=True)
def two(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(crew, "_cores", lambda: 2)


@pytest.mark.parametrize("order", [1, LARGE])
@pytest.mark.parametrize("answer", [1, LARGE])
def test_neither_waits_for_the_other(order: int, answer: int) -> None:
    def make() -> Callable[[tuple[int, str]], tuple[int, str, int]]:
        return lambda task: (task[0], "x" * answer, len(task[1]))

    with Crew(make) as several:
        found = list(several.each((number, "y" * order) for number in range(MANY)))
    assert found == [(number, "x" * answer, order) for number in range(MANY)]


def test_some_of_them_die_with_several_tasks() -> None:
    parent = os.getpid()

    def work(task: tuple[int]) -> tuple[int]:
        if os.getpid() != parent and task[0] % 10 == 9:
            os.kill(os.getpid(), signal.SIGKILL)
        return task

    with Crew(lambda: work) as several:
        assert list(several.each((number,) for number in range(MANY))) == [
            (number,) for number in range(MANY)
        ]


def test_who_is_called_does_the_work() -> None:
    parent = os.getpid()
    with Crew(lambda: lambda _: (os.getpid(),)) as several:
        found = {pid for (pid,) in several.each((number,) for number in range(MANY))}
    assert len(found) == 2
    assert parent not in found


def test_what_the_kernel_says_of_open_files_ends_nobody() -> None:
    parent = os.getpid()

    def work(_: tuple[int]) -> tuple[int]:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGIO)
        return (os.getpid(),)

    with Crew(lambda: work) as several:
        assert parent not in {pid for (pid,) in several.each((number,) for number in range(MANY))}
