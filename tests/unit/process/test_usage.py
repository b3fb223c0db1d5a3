"""The processor time of a tree of processes: nothing twice, nothing lost, never less."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from runner.process.tree import Stat
from runner.process.usage import CpuTime

US = 0


@dataclass
class Kernel:
    """Processes as the kernel keeps books on them: time passes to whoever waits."""

    stats: dict[int, Stat] = field(default_factory=dict)
    waited: int = 0
    real: int = 0
    clock: int = 0

    def start(self, pid: int, parent: int) -> None:
        self.clock += 1
        self.stats[pid] = Stat("R", parent, 1, self.clock)

    def work(self, pid: int, ticks: int) -> None:
        known = self.stats[pid]
        self.stats[pid] = known._replace(worked=known.worked + ticks)
        self.real += ticks

    def collect(self, pid: int, *, ignored: bool = False) -> None:
        """It ends, and its parent waits for it; its children become ours."""
        known = self.stats.pop(pid)
        for child, orphan in self.stats.items():
            if orphan.parent == pid:
                self.stats[child] = orphan._replace(parent=US)
        used = 0 if ignored else known.worked + known.waited
        if known.parent == US:
            self.waited += used
        else:
            parent = self.stats[known.parent]
            self.stats[known.parent] = parent._replace(waited=parent.waited + used)


def test_what_was_seen_of_a_process_does_not_count_again_when_it_was_waited_for() -> None:
    kernel, cpu = Kernel(), CpuTime()
    kernel.start(10, US)
    kernel.start(11, 10)
    kernel.work(11, 500)
    assert cpu.look(kernel.stats, 0) == 500
    kernel.work(11, 7)
    kernel.collect(11)
    assert cpu.look(kernel.stats, 0) == 507
    kernel.collect(10)
    assert cpu.look({}, kernel.waited) == 507


def test_one_that_came_and_went_between_two_looks_counts() -> None:
    kernel, cpu = Kernel(), CpuTime()
    kernel.start(10, US)
    cpu.look(kernel.stats, 0)
    kernel.start(11, 10)
    kernel.work(11, 30)
    kernel.collect(11)
    assert cpu.look(kernel.stats, 0) == 30


def test_one_that_nobody_waits_for_keeps_what_was_seen_of_it() -> None:
    kernel, cpu = Kernel(), CpuTime()
    kernel.start(10, US)
    kernel.start(11, 10)
    kernel.work(11, 400)
    cpu.look(kernel.stats, 0)
    kernel.collect(11, ignored=True)
    assert cpu.look(kernel.stats, 0) == 400
    kernel.work(10, 5)
    assert cpu.look(kernel.stats, 0) == 405


def test_one_whose_end_was_missed_in_between_counts_once() -> None:
    """It has ended and is gone, but its parent was read before it was told."""
    kernel, cpu = Kernel(), CpuTime()
    kernel.start(10, US)
    kernel.start(11, 10)
    kernel.work(11, 100)
    cpu.look(kernel.stats, 0)
    assert cpu.look({10: kernel.stats[10]}, 0) == 100
    kernel.collect(11)
    assert cpu.look(kernel.stats, 0) == 100


def test_the_id_of_one_that_has_ended_may_be_given_again() -> None:
    kernel, cpu = Kernel(), CpuTime()
    kernel.start(10, US)
    kernel.start(11, 10)
    kernel.work(11, 100)
    cpu.look(kernel.stats, 0)
    kernel.collect(11)
    kernel.start(11, 10)
    kernel.work(11, 3)
    assert cpu.look(kernel.stats, 0) == 103


def test_what_we_waited_for_before_the_job_is_not_its() -> None:
    cpu = CpuTime(waited=900)
    assert cpu.look({}, 950) == 50


_STEPS = st.lists(
    st.tuples(st.sampled_from(["start", "work", "collect", "look"]), st.integers(0, 30)),
    max_size=60,
)


@given(_STEPS)
def test_where_everybody_waits_the_sum_is_exact_at_the_end_and_never_falls(
    steps: list[tuple[str, int]],
) -> None:
    kernel, cpu, total, next_pid = Kernel(), CpuTime(), 0, 11
    kernel.start(10, US)
    for what, number in steps:
        living = sorted(kernel.stats)
        chosen = living[number % len(living)]
        if what == "start":
            kernel.start(next_pid, chosen)
            next_pid += 1
        elif what == "work":
            kernel.work(chosen, number)
        elif what == "collect" and not any(s.parent == chosen for s in kernel.stats.values()):
            if chosen != 10:
                kernel.collect(chosen)
        else:
            now = cpu.look(dict(sorted(kernel.stats.items())), kernel.waited)
            assert total <= now == kernel.real
            total = now
    for pid in sorted(kernel.stats, reverse=True):
        kernel.collect(pid)
    assert cpu.look({}, kernel.waited) == kernel.real
