"""The memory of a tree of processes: a page that is shared counts once."""

from __future__ import annotations

import os

from runner.process.memory import Aside, Unshared
from runner.process.tree import Stat
from tests.conftest import until

GB = 1_000_000_000
PARENT, CHILD = 10, 11


def a_process(parent: int, layout: int, started: int = 1) -> Stat:
    return Stat("R", parent, 1, started, layout=layout)


class Kernel:
    """What is a process's alone, and who was asked for it; answers come with the next look."""

    def __init__(self, **alone: int) -> None:
        self.alone = {int(pid[1:]): size for pid, size in alone.items()}
        self.asked: list[int] = []
        self.ready = True
        self._waiting: list[int] = []

    def ask(self, pid: int) -> bool:
        if self.ready:
            self.asked.append(pid)
            self._waiting.append(pid)
        return self.ready

    def answer(self) -> tuple[int, int | None] | None:
        if not self._waiting:
            return None
        pid = self._waiting.pop()
        return pid, self.alone.get(pid)


FORKED = {PARENT: a_process(1, 77), CHILD: a_process(PARENT, 77)}


def test_processes_that_were_not_forked_share_nothing_and_are_not_asked() -> None:
    kernel = Kernel()
    found = {PARENT: a_process(1, 77), CHILD: a_process(PARENT, 88)}
    unshared = Unshared(kernel)
    assert [unshared.look(found, {PARENT: 3 * GB, CHILD: 2 * GB}) for _ in range(99)] == [
        5 * GB
    ] * 99
    assert kernel.asked == []


def test_a_forked_process_counts_with_what_is_its_alone() -> None:
    kernel = Kernel(p11=GB // 2)
    unshared = Unshared(kernel)
    # until it is known, what it has at first counts as its parent's
    assert unshared.look(FORKED, {PARENT: 3 * GB, CHILD: 3 * GB}) == 3 * GB
    assert unshared.look(FORKED, {PARENT: 3 * GB, CHILD: 3 * GB}) == 3.5 * GB
    # what it has more by now is its own, too
    assert unshared.look(FORKED, {PARENT: 3 * GB, CHILD: 4 * GB}) == 4.5 * GB


def test_a_forked_process_is_asked_only_now_and_then() -> None:
    kernel = Kernel(p11=0)
    unshared = Unshared(kernel)
    for _ in range(64):
        unshared.look(FORKED, {PARENT: GB, CHILD: GB})
    assert kernel.asked == [CHILD] * 3


def test_of_many_one_is_asked_at_a_time() -> None:
    kernel = Kernel()
    found = {PARENT: a_process(1, 77), **{pid: a_process(PARENT, 77) for pid in range(20, 40)}}
    unshared = Unshared(kernel)
    # nothing can be told of any: what they had at first is taken for shared
    assert unshared.look(found, dict.fromkeys(found, GB)) == GB
    assert len(kernel.asked) == 1
    for _ in range(20):
        unshared.look(found, dict.fromkeys(found, GB))
    assert sorted(kernel.asked) == list(range(20, 40))


def test_one_that_executes_a_program_shares_nothing_any_more() -> None:
    kernel = Kernel(p11=0)
    unshared = Unshared(kernel)
    unshared.look(FORKED, {PARENT: GB, CHILD: GB})
    found = {**FORKED, CHILD: a_process(PARENT, 99)}
    assert unshared.look(found, {PARENT: GB, CHILD: GB // 4}) == GB + GB // 4


def test_one_whose_parent_has_ended_is_still_a_forked_one() -> None:
    kernel = Kernel(p11=GB // 8)
    unshared = Unshared(kernel)
    unshared.look(FORKED, {PARENT: GB, CHILD: GB})
    assert unshared.look({CHILD: a_process(1, 77)}, {CHILD: GB}) == GB // 8


def test_an_answer_that_comes_too_late_is_not_taken_for_that_of_another() -> None:
    kernel = Kernel(p11=0)
    unshared = Unshared(kernel)
    unshared.look(FORKED, {PARENT: GB, CHILD: GB})
    found = {PARENT: a_process(1, 77), CHILD: a_process(PARENT, 99, started=2)}
    assert unshared.look(found, {PARENT: GB, CHILD: GB}) == 2 * GB


def test_while_nobody_may_be_asked_all_goes_on() -> None:
    kernel = Kernel(p11=0)
    kernel.ready = False
    unshared = Unshared(kernel)
    for _ in range(5):
        assert unshared.look(FORKED, {PARENT: GB, CHILD: 2 * GB}) == 2 * GB
    kernel.ready = True
    unshared.look(FORKED, {PARENT: GB, CHILD: 2 * GB})
    assert kernel.asked == [CHILD]


def test_the_real_one_is_asked_beside_us_and_not_again_at_once() -> None:
    aside = Aside()
    assert aside.ask(os.getpid())
    pid, alone = until(aside.answer)
    assert pid == os.getpid()
    assert alone is None or alone > 1_000_000
    assert aside.answer() is None
    assert not aside.ask(os.getpid())


def test_a_kernel_that_does_not_tell_counts_all() -> None:
    found = {PARENT: a_process(1, 0), CHILD: a_process(PARENT, 0)}
    assert Unshared(Kernel()).look(found, {PARENT: GB, CHILD: GB}) == 2 * GB
