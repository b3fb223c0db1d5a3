"""A helper that answers questions, for as long as it does."""

from __future__ import annotations

import os
import signal
import sys
import threading
from typing import TYPE_CHECKING

import pytest

from runner.process.respondent import Respondent
from tests.conftest import PATIENCE_SECONDS, until

if TYPE_CHECKING:
    from collections.abc import Iterator

# `stop` falls silent, `end` ends, `busy` says three times that it lives, `pid` says who it is
PROGRAM = """
import os, signal, sys, time
for line in sys.stdin:
    word = line.strip()
    if word == "stop":
        signal.pause()
    if word == "end":
        sys.exit()
    if word == "endless":
        while True:
            print(flush=True)
            time.sleep(0.01)
    if word == "open":
        word = " ".join(sorted(os.listdir("/proc/self/fd"), key=int))
    if word == "pid":
        word = str(os.getpid())
    print("\\n\\n" + word, flush=True)
"""
LONG = PATIENCE_SECONDS


@pytest.fixture
def helper() -> Iterator[Respondent]:
    made = Respondent(lambda: [sys.executable, "-u", "-c", PROGRAM], dict(os.environ))
    yield made
    made.close()


def test_it_answers_again_and_again_without_a_new_start(helper: Respondent) -> None:
    first = helper.ask(b"pid", LONG, LONG)
    assert helper.ask(b"hello", LONG, LONG) == b"hello"
    assert helper.ask(b"pid", LONG, LONG) == first


def test_silence_is_not_waited_for_longer_than_was_said(helper: Respondent) -> None:
    first = int(helper.ask(b"pid", LONG, LONG))
    with pytest.raises(TimeoutError):
        helper.ask(b"stop", 0.05, LONG)
    # it was ended, and the next question starts another
    assert not os.path.exists(f"/proc/{first}")
    assert int(helper.ask(b"pid", LONG, LONG)) != first


def test_signs_of_life_are_not_waited_for_for_ever(helper: Respondent) -> None:
    with pytest.raises(TimeoutError):
        helper.ask(b"endless", LONG, 0.2)


def test_one_that_has_ended_between_two_questions_is_started_again(helper: Respondent) -> None:
    first = int(helper.ask(b"pid", LONG, LONG))
    os.kill(first, signal.SIGKILL)
    assert helper.ask(b"hello", LONG, LONG) == b"hello"


def test_one_that_ends_at_once_is_told(helper: Respondent) -> None:
    with pytest.raises(BrokenPipeError):
        helper.ask(b"end", LONG, LONG)


def test_a_program_that_is_not_there() -> None:
    with pytest.raises(FileNotFoundError):
        Respondent(lambda: ["/no/such/program"], {}).ask(b"hello", LONG, LONG)


def test_it_has_nothing_of_ours_open(helper: Respondent) -> None:
    ours = os.open(os.devnull, os.O_RDONLY)
    os.set_inheritable(ours, True)  # noqa: FBT003 - positional in os
    try:
        found = helper.ask(b"open", LONG, LONG)
    finally:
        os.close(ours)
    # its three streams, and the folder that is being listed
    assert found == b"0 1 2 3"


def test_it_ends_with_us(helper: Respondent) -> None:
    pid = int(helper.ask(b"pid", LONG, LONG))
    helper.close()
    helper.close()
    assert not os.path.exists(f"/proc/{pid}")


def test_several_threads_take_turns(helper: Respondent) -> None:
    heard: dict[int, list[bytes]] = {}

    def talk(number: int) -> None:
        word = str(number).encode()
        heard[number] = [helper.ask(word, LONG, LONG) for _ in range(50)]

    threads = [threading.Thread(target=talk, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert heard == {number: [str(number).encode()] * 50 for number in range(4)}


def test_a_forked_process_has_a_helper_of_its_own(helper: Respondent) -> None:
    pid = helper.ask(b"pid", LONG, LONG)
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, helper.ask(b"pid", LONG, LONG))
            helper.close()
        finally:
            os._exit(0)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        theirs = pipe.read()
    os.waitpid(child, 0)
    assert theirs
    assert theirs != pid
    assert helper.ask(b"pid", LONG, LONG) == pid
    until(lambda: not os.path.exists(f"/proc/{int(theirs)}"), "the end of the other helper")
