from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from runner.process import tree
from tests.conftest import until

if TYPE_CHECKING:
    from collections.abc import Iterator

# three generations, the last of which is told on stdout once it is there
FAMILY = "(sleep 600 & echo $!; wait) & wait"


@pytest.fixture
def first() -> Iterator[tuple[int, int]]:
    """A job's first process, and its grandchild."""
    process = subprocess.Popen(
        ["sh", "-c", FAMILY], start_new_session=True, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    with process:
        try:
            yield process.pid, int(process.stdout.readline())
        finally:
            os.killpg(process.pid, 9)


def test_all_generations_are_found(first: tuple[int, int]) -> None:
    pid, grandchild = first
    found = tree.Tree(pid).processes()
    assert {pid, grandchild} < found
    assert len(found) == 3


def test_they_are_found_without_the_kernels_lists(
    first: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A kernel may have been built without (CONFIG_PROC_CHILDREN)."""
    pid, _ = first
    with_lists = tree.Tree(pid).processes()
    monkeypatch.setattr(os.path, "exists", lambda path: "children" not in str(path))
    assert tree.Tree(pid).processes() == with_lists
    assert pid in tree.own_children()


def test_children_of_threads_are_found() -> None:
    code = (
        "import subprocess, threading, time\n"
        "def work():\n"
        "    print(subprocess.Popen(['sleep', '600']).pid, flush=True)\n"
        "    time.sleep(600)\n"
        "threading.Thread(target=work).start()\n"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], start_new_session=True, stdout=subprocess.PIPE, bufsize=0
    )
    assert process.stdout is not None
    with process:
        try:
            child = int(process.stdout.readline())
            assert tree.Tree(process.pid).processes() == {process.pid, child}
        finally:
            os.killpg(process.pid, 9)


def test_what_we_start_ourselves_is_not_the_jobs(first: tuple[int, int]) -> None:
    pid, _ = first
    helper = subprocess.Popen(["sleep", "600"])
    before = subprocess.Popen(["sleep", "600"], start_new_session=True)
    members = tree.Tree(pid, frozenset({before.pid}))
    later = subprocess.Popen(["sleep", "600"], start_new_session=True)
    try:
        assert members.processes() & {helper.pid, before.pid, later.pid} == {later.pid}
        assert members.orphans() == {later.pid}  # in a session that is neither ours nor known
    finally:
        for process in (helper, before, later):
            process.kill()
            process.wait()


def test_a_process_is_known_by_its_state_and_start() -> None:
    ours = tree.stat(os.getpid())
    assert ours is not None
    assert ours.alive
    assert (ours.parent, ours.session) == (os.getppid(), os.getsid(0))
    process = subprocess.Popen(["true"])
    until(lambda: not tree.alive(process.pid), "its end")
    ended = tree.stat(process.pid)
    assert ended is not None
    assert ended.state == "Z"
    process.wait()
    assert tree.stat(process.pid) is None


def test_a_name_may_hold_anything() -> None:
    code = (
        "import time\n"
        "open('/proc/self/comm', 'w').write(') Z 1 (')\n"
        "print(flush=True)\n"
        "time.sleep(600)\n"
    )
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, bufsize=0)
    assert process.stdout is not None
    with process:
        process.stdout.readline()
        known = tree.stat(process.pid)
        process.kill()
    assert known is not None
    assert known.parent == os.getpid()
