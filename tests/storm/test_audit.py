"""The audit of a storm finds what must not be: each fault, made up, is named."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.storm import audit

GPU = "GPU-00000000-0000-0000-0000-000000000000"
OTHER = "GPU-00000001-0000-0000-0000-000000000000"
LARGE = "GPU-00000007-0000-0000-0000-000000000000"
ONE_GPU: dict[str, Any] = {
    "cpu": None,
    "memory": None,
    "gpu": {"count": 1, "names": [], "memory": None},
}
ONE_CORE = {"cpu": 1, "memory": None, "gpu": None}
HALF = {"cpu": None, "memory": 33 << 30, "gpu": None}


class Written:
    """A journal as runs would write it."""

    def __init__(self) -> None:
        self._lines: list[str] = []

    def write(self, what: str, run: str, at: float, **facts: Any) -> None:
        self._lines.append(json.dumps({"what": what, "run": run, "at": at, "pid": 1, **facts}))

    def asked(self, run: str, at: float, asked: Any = ONE_GPU) -> None:
        self.write("asked", run, at, asked=asked, user=0)

    def granted(
        self, run: str, at: float, gpus: tuple[str, ...] = (), passed: Any = (), **facts: Any
    ) -> None:
        queue = {"number": facts.pop("number", None), "waited_seconds": 0, "passed": passed}
        got = {"cpus": [], "gpus": gpus, "memory": None, "descriptors": 1, **facts}
        self.write("granted", run, at, queue=queue, **got)

    def faults(self, *expected: str) -> list[str]:
        return audit.faults(audit.read("\n".join(self._lines)), expected)


@pytest.fixture
def journal() -> Written:
    return Written()


def test_one_after_the_other_is_no_fault(journal: Written) -> None:
    journal.asked("a", 1)
    journal.asked("b", 1)
    journal.granted("a", 2, (GPU,))
    journal.write("alive", "a", 3)
    journal.granted("b", 3.5, (GPU,))
    assert journal.faults("a", "b") == []


def test_a_device_that_is_given_while_a_process_of_its_holder_lives(journal: Written) -> None:
    journal.asked("a", 1)
    journal.asked("b", 1)
    journal.granted("a", 2, (GPU,))
    journal.granted("b", 2.5, (GPU,))
    journal.write("alive", "a", 3)
    (fault,) = journal.faults("a", "b")
    assert fault.startswith(f"GPU {GPU} was held twice: b got it at 2.5")


def test_a_long_holder_behind_whom_a_short_one_came(journal: Written) -> None:
    for run in ("a", "b", "c"):
        journal.asked(run, 1, ONE_CORE)
    for run, at in (("a", 2.0), ("b", 3.0), ("c", 5.0)):
        journal.granted(run, at, cpus=[3])
    journal.write("alive", "a", 9)
    assert len(journal.faults()) == 2


def test_more_memory_than_there_is(journal: Written) -> None:
    for run in ("a", "b"):
        journal.asked(run, 1, HALF)
    journal.granted("a", 2, memory=33 << 30)
    journal.granted("b", 3, memory=33 << 30)
    journal.write("alive", "a", 4)
    (fault,) = journal.faults()
    assert "of memory were held when b got its own" in fault


@pytest.mark.parametrize(("asked", "got"), [(ONE_GPU, {}), (ONE_CORE, {"cpus": [1, 2]})])
def test_something_else_than_was_asked_for(journal: Written, asked: Any, got: Any) -> None:
    journal.asked("a", 1, asked)
    journal.granted("a", 2, **got)
    assert journal.faults()[0].startswith("a asked for ")


def test_a_gpu_of_the_wrong_kind(journal: Written) -> None:
    named = {**ONE_GPU, "gpu": {"count": 1, "names": ["h100"], "memory": None}}
    journal.asked("a", 1, named)
    journal.granted("a", 2, (GPU,))
    assert len(journal.faults()) == 1


def test_one_that_was_not_served(journal: Written) -> None:
    journal.asked("a", 1)
    journal.asked("killed", 1)
    journal.write("kill", "killed", 2, whom="supervisor")
    journal.asked("unwilling", 1)
    journal.write("refused", "unwilling", 2, said="busy")
    assert journal.faults("a", "killed", "unwilling", "lost") == [
        "a was not served",
        "lost was never started",
    ]


def test_a_failure(journal: Written) -> None:
    journal.asked("a", 1)
    journal.write("failed", "a", 2, said="ouch")
    assert journal.faults() == ["a failed: ouch"]


def test_going_before_another_one_without_a_word(journal: Written) -> None:
    overtaken(journal, ())
    assert journal.faults() == ["late went before early, and its record does not say so"]


def test_going_before_another_one_that_lacks_something_else(journal: Written) -> None:
    overtaken(journal, [{"run": "early", "user": "root", "short_of": "4 cores (1 free)"}])
    assert journal.faults() == []


def test_taking_what_an_earlier_one_lacks(journal: Written) -> None:
    overtaken(journal, [{"run": "early", "user": "root", "short_of": "1 GPU (none free)"}])
    assert "late passed early, which was short of 1 GPU" in journal.faults()[0]


def test_taking_what_an_earlier_one_could_not_have_used(journal: Written) -> None:
    """It waits for another kind of GPU."""
    asked = {**ONE_GPU, "gpu": {"count": 1, "names": ["H100"], "memory": None}}
    overtaken(journal, [{"run": "early", "user": "root", "short_of": "1 GPU"}], asked, LARGE)
    assert journal.faults() == []


def overtaken(journal: Written, passed: Any, asked: Any = ONE_GPU, early_gets: str = OTHER) -> None:
    """``early`` waits, ``late`` comes and gets a GPU, and then ``early`` does."""
    journal.asked("early", 1, asked)
    journal.write("waiting", "early", 2)
    journal.asked("late", 3)
    journal.granted("late", 4, (GPU,), passed)
    journal.write("look", "early", 5)
    journal.granted("early", 6, (early_gets,))


def test_the_numbers_of_two_that_waited_at_once_count(journal: Written) -> None:
    """Whether one was seen waiting before the other one asked is not known here."""
    journal.asked("first", 1)
    journal.asked("second", 1)
    journal.write("waiting", "first", 2)
    journal.granted("second", 3, (GPU,), number=2)
    journal.write("look", "first", 4)
    journal.granted("first", 5, (OTHER,), number=1)
    assert journal.faults() == ["second went before first, and its record does not say so"]


def test_a_word_about_somebody_who_never_waited(journal: Written) -> None:
    journal.asked("a", 1)
    journal.granted("a", 2, (GPU,), [{"run": "ghost", "user": "root", "short_of": "1 GPU"}])
    assert journal.faults() == ["a says that it passed ghost, who never waited"]
