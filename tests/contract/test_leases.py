"""What everything that leases devices keeps to, and the fake one with it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import pytest

from runner.allocation.interface import NO_TURN, Claim, Standing
from runner.allocation.inventory import Inventory, Occupant
from runner.allocation.lease import FileLeases
from runner.errors import BUSY, STORAGE, WfError
from runner.events import Waiting
from runner.spec.workflow import GpuRequest, Resources
from tests.conftest import PATIENCE_SECONDS, ROOT, until
from tests.fakes.inventory import FakeInventory, gpu, machine
from tests.fakes.leases import FakeLeases
from tests.fakes.observer import RecordingObserver

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from runner.allocation.interface import Lease, Leases

ONE_CORE = Resources(cpu=1)
ONE_GPU = Resources(gpu=GpuRequest(1))


class Bench(Protocol):
    """Two users of the same devices."""

    ours: Leases
    theirs: Leases

    def close(self) -> None: ...


class FileBench:
    """Two commands that share nothing but the lock folder."""

    def __init__(self, folder: Path) -> None:
        self.ours: Leases = FileLeases(folder / "locks")
        self.theirs: Leases = FileLeases(folder / "locks")

    def close(self) -> None:
        """The kernel lets go of everything that is closed."""


class FakeBench:
    """Two users of one object."""

    def __init__(self, _folder: Path) -> None:
        self.fake = FakeLeases()
        self.ours: Leases = self.fake
        self.theirs: Leases = self.fake

    def close(self) -> None:
        self.fake.close()


@pytest.fixture(params=[FileBench, FakeBench], ids=["file", "fake"])
def bench(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Bench]:
    made: Bench = request.param(tmp_path)
    yield made
    made.close()


def take(
    leases: Leases,
    asked: Resources = ONE_CORE,
    there: Inventory | None = None,
    *,
    wait: bool = False,
    look: Callable[[Resources], Inventory] | None = None,
    observer: RecordingObserver | None = None,
) -> Lease:
    """Acquire on a machine with two cores and four GPUs, unless another one is given."""
    found = there or machine(cores=2, gpus=4)
    return leases.acquire(
        asked,
        look or (lambda _: found),
        Claim("wet-mango-1"),
        observer or RecordingObserver(),
        wait=wait,
    )


def busy(leases: Leases, asked: Resources = ONE_CORE, there: Inventory | None = None) -> bool:
    """Whether the devices cannot be had now."""
    try:
        leases.release(take(leases, asked, there))
    except WfError as error:
        if error.kind != BUSY:
            raise
        return True
    return False


def test_grants_as_many_as_asked_for(bench: Bench) -> None:
    lease = take(bench.ours, Resources(cpu=1, memory=10**9, gpu=GpuRequest(2)))
    assert len(lease.cores) == 1
    assert set(lease.cores) < {0, 1}
    assert lease.exclusive
    assert len({found.uuid for found in lease.gpus}) == 2
    assert lease.memory == 10**9
    assert lease.of_cores == 2
    assert lease.descriptors
    bench.ours.release(lease)


def test_the_descriptors_are_open_and_not_inherited_by_accident(bench: Bench) -> None:
    lease = take(bench.ours, ONE_GPU)
    assert {os.get_inheritable(descriptor) for descriptor in lease.descriptors} == {False}
    bench.ours.release(lease)


def test_who_asks_for_nothing_shares_all_cores(bench: Bench) -> None:
    first = take(bench.ours, Resources())
    second = take(bench.theirs, Resources(shm_size=10**9))
    for lease in (first, second):
        assert lease.cores == (0, 1)
        assert not lease.exclusive
        assert lease.gpus == ()
        assert lease.descriptors == ()


def test_sharing_cores_does_not_keep_others_from_them(bench: Bench) -> None:
    take(bench.ours, Resources())
    assert not busy(bench.theirs, Resources(cpu=2))


def test_nobody_gets_what_somebody_has(bench: Bench) -> None:
    first, second = take(bench.ours), take(bench.theirs)
    assert set(first.cores).isdisjoint(second.cores)
    assert busy(bench.theirs)
    bench.ours.release(first)
    third = take(bench.theirs)
    assert third.cores == first.cores
    for lease in (second, third):
        bench.theirs.release(lease)


def test_nobody_gets_a_gpu_that_somebody_has(bench: Bench) -> None:
    first = take(bench.ours, Resources(gpu=GpuRequest(3)))
    second = take(bench.theirs, ONE_GPU)
    assert {found.uuid for found in first.gpus}.isdisjoint(found.uuid for found in second.gpus)
    assert busy(bench.theirs, ONE_GPU)
    bench.ours.release(first)
    bench.theirs.release(second)


def test_a_gpu_that_somebody_elses_process_computes_on_is_not_free(bench: Bench) -> None:
    there = Inventory((0, 1), 10**9, (gpu(0, busy=(4711,)), gpu(1)))
    lease = take(bench.ours, ONE_GPU, there)
    assert lease.gpus[0].index == 1
    assert busy(bench.theirs, ONE_GPU, there)
    bench.ours.release(lease)


def test_all_or_nothing(bench: Bench) -> None:
    """Who cannot get everything holds nothing meanwhile."""
    held = take(bench.ours, Resources(cpu=1, gpu=GpuRequest(2)))
    assert busy(bench.theirs, Resources(cpu=1, gpu=GpuRequest(3)))
    rest = take(bench.ours, Resources(cpu=1, gpu=GpuRequest(2)))
    for lease in (held, rest):
        bench.ours.release(lease)


def test_other_devices_than_those_held_are_free(bench: Bench) -> None:
    held = take(bench.ours, Resources(cpu=1, gpu=GpuRequest(4)))
    assert not busy(bench.theirs, Resources(cpu=1))
    bench.ours.release(held)


def test_busy_is_said_at_once_when_nobody_wants_to_wait(bench: Bench) -> None:
    held = take(bench.ours, Resources(cpu=2))
    with pytest.raises(WfError) as caught:
        take(bench.theirs)
    assert caught.value.kind == BUSY
    bench.ours.release(held)


def test_releasing_twice_does_no_harm(bench: Bench) -> None:
    """Descriptors are numbers: after the first release they may be somebody else's."""
    lease = take(bench.ours)
    bench.ours.release(lease)
    opened = [os.open(os.devnull, os.O_RDONLY) for _ in range(8)]
    try:
        assert set(lease.descriptors) & set(opened)
        bench.ours.release(lease)
        for descriptor in opened:
            os.fstat(descriptor)
    finally:
        for descriptor in opened:
            try:
                os.close(descriptor)
            except OSError:
                continue


def test_releasing_an_old_lease_again_leaves_a_new_one_alone(bench: Bench) -> None:
    old = take(bench.ours)
    bench.ours.release(old)
    new = take(bench.ours, Resources(cpu=2))
    assert set(old.descriptors) & set(new.descriptors)  # the same numbers
    bench.ours.release(old)
    assert busy(bench.theirs)
    bench.ours.release(new)
    assert not busy(bench.theirs)


def test_a_lease_lives_as_long_as_the_last_process_that_has_it(bench: Bench) -> None:
    lease = take(bench.ours, Resources(cpu=2))
    child = subprocess.Popen(["sleep", "60"], pass_fds=lease.descriptors)
    try:
        bench.ours.release(lease)
        assert busy(bench.theirs)
    finally:
        child.kill()
        child.wait()
    assert not busy(bench.theirs)


def test_two_that_wait_are_both_served(bench: Bench) -> None:
    held = take(bench.ours, Resources(cpu=2))
    served: list[int] = []
    observers = [RecordingObserver(), RecordingObserver()]

    def waiter(number: int) -> None:
        leases = (bench.ours, bench.theirs)[number]
        lease = take(leases, Resources(cpu=2), wait=True, observer=observers[number])
        served.append(number)
        leases.release(lease)

    threads = [threading.Thread(target=waiter, args=(number,)) for number in (0, 1)]
    for thread in threads:
        thread.start()
    until(lambda: any(observer.events for observer in observers), "somebody who waits")
    assert served == []
    bench.ours.release(held)
    for thread in threads:
        thread.join(PATIENCE_SECONDS)
    assert sorted(served) == [0, 1]


def test_who_waits_is_told_so(bench: Bench) -> None:
    held = take(bench.ours, Resources(cpu=2))
    observer = RecordingObserver()
    thread = threading.Thread(
        target=lambda: bench.theirs.release(
            take(bench.theirs, Resources(cpu=2), wait=True, observer=observer)
        )
    )
    thread.start()
    until(lambda: observer.of(Waiting), "word of waiting")
    bench.ours.release(held)
    thread.join(PATIENCE_SECONDS)
    assert not thread.is_alive()
    told = observer.of(Waiting)[0]
    assert (told.place, told.places) == (1, 1)
    assert told.short_of == "2 cores (0 free)"


def test_the_machine_is_looked_at_again_while_waiting(bench: Bench) -> None:
    """A process that is not wf's lets go of the GPU: no lock tells."""
    answers = [Inventory((0,), 1, (gpu(0, busy=(4711,)),)), Inventory((0,), 1, (gpu(0),))]
    lease = take(
        bench.ours,
        ONE_GPU,
        wait=True,
        look=lambda _: answers.pop(0) if len(answers) > 1 else answers[0],
    )
    assert [found.index for found in lease.gpus] == [0]
    bench.ours.release(lease)


def waiting(
    leases: Leases, asked: Resources, there: Inventory | None = None
) -> tuple[threading.Thread, list[Lease]]:
    """Somebody who waits for that in a thread; what is had stands in the list."""
    got: list[Lease] = []
    observer = RecordingObserver()
    thread = threading.Thread(
        target=lambda: got.append(take(leases, asked, there, wait=True, observer=observer))
    )
    thread.start()
    until(lambda: observer.of(Waiting), "word of waiting")
    return thread, got


def test_memory_is_leased(bench: Bench) -> None:
    there = machine(cores=2, memory=10 * 2**20)
    half = Resources(memory=6 * 2**20)
    lease = take(bench.ours, half, there)
    assert lease.memory == 6 * 2**20
    assert lease.cores == (0, 1)
    assert not lease.exclusive
    assert busy(bench.theirs, half, there)
    assert not busy(bench.theirs, Resources(memory=4 * 2**20), there)
    bench.ours.release(lease)
    assert not busy(bench.theirs, half, there)


def test_a_gpu_without_cores_has_its_share_of_them(bench: Bench) -> None:
    lease = take(bench.ours, ONE_GPU, machine(cores=8, gpus=4))
    assert len(lease.cores) == 2
    assert lease.exclusive
    bench.ours.release(lease)


def test_who_came_first_starts_first(bench: Bench) -> None:
    held = take(bench.ours, Resources(cpu=2))
    first, had = waiting(bench.ours, Resources(cpu=2))
    second, had_later = waiting(bench.theirs, Resources(cpu=2))
    assert [waiter.asked for waiter in bench.ours.standing().queue] == [Resources(cpu=2)] * 2
    bench.ours.release(held)
    first.join(PATIENCE_SECONDS)
    assert had_later == []
    assert len(bench.theirs.standing().queue) == 1
    bench.ours.release(had[0])
    second.join(PATIENCE_SECONDS)
    bench.theirs.release(had_later[0])
    assert bench.ours.standing() == Standing()


def test_a_later_one_passes_if_it_takes_nothing_that_an_earlier_one_needs(bench: Bench) -> None:
    there = machine(cores=4, gpus=4)
    held = take(bench.ours, ONE_GPU, there)
    whole, had = waiting(bench.theirs, Resources(cpu=2, gpu=GpuRequest(4)), there)
    core = take(bench.ours, ONE_CORE, there)  # the earlier one has two others
    assert busy(bench.ours, Resources(cpu=1, gpu=GpuRequest(1)), there)
    assert had == []
    for lease in (held, core):
        bench.ours.release(lease)
    whole.join(PATIENCE_SECONDS)
    bench.theirs.release(had[0])


def test_a_run_without_gpus_passes_one_that_waits_for_some(bench: Bench) -> None:
    """It looks at the GPUs, too: else it would keep all cores for the one that waits."""
    there = FakeInventory(machine(cores=4, gpus=2))
    held = take(bench.ours, Resources(cpu=1, gpu=GpuRequest(2)), look=there)
    thread, had = waiting(bench.theirs, ONE_GPU, there.answer)  # with half of the cores
    there.wanted.clear()
    core = take(bench.ours, ONE_CORE, look=there)
    assert [wanted.gpu is None for wanted in there.wanted][-1] is False
    assert busy(bench.ours, ONE_CORE, there.answer)
    for lease in (held, core):
        bench.ours.release(lease)
    thread.join(PATIENCE_SECONDS)
    bench.theirs.release(had[0])


def test_everybody_can_see_who_holds_what_and_who_waits(bench: Bench) -> None:
    held = take(bench.ours, Resources(cpu=2, memory=3 * 2**20, gpu=GpuRequest(1)))
    thread, had = waiting(bench.theirs, ONE_CORE)
    standing = bench.theirs.standing()
    [holder], [waiter] = standing.holders, standing.queue
    assert (holder.run, holder.cores, holder.memory) == ("wet-mango-1", (0, 1), 3 * 2**20)
    assert holder.gpus == (held.gpus[0].uuid,)
    assert (waiter.run, waiter.asked) == ("wet-mango-1", ONE_CORE)
    bench.ours.release(held)
    thread.join(PATIENCE_SECONDS)
    bench.theirs.release(had[0])


# --- what only locks of the kernel can show ---------------------------------------------------

_HOLDER = """
import subprocess, sys, time
from pathlib import Path
from runner.allocation.interface import Claim
from runner.allocation.lease import FileLeases
from runner.spec.workflow import Resources
from tests.fakes.inventory import machine
from tests.fakes.observer import RecordingObserver

folder, cpus = Path(sys.argv[1]), int(sys.argv[2])
lease = FileLeases(folder).acquire(
    Resources(cpu=cpus),
    lambda _: machine(cores=2),
    Claim("brave-wolf-7"),
    RecordingObserver(),
    wait=False,
)
child = subprocess.Popen(["sleep", "60"], pass_fds=lease.descriptors)
print(child.pid, flush=True)
time.sleep(60)
"""


@pytest.fixture
def files(tmp_path: Path) -> FileLeases:
    return FileLeases(tmp_path / "locks")


def _holder(folder: Path, cpus: int = 2) -> tuple[subprocess.Popen[str], int]:
    """A process that leases and hands the lease to a child; the child's pid."""
    process = subprocess.Popen(
        [sys.executable, "-c", _HOLDER, str(folder), str(cpus)],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    said = process.stdout.readline()
    process.stdout.close()
    return process, int(said)


def test_a_killed_owner_leaks_nothing_and_its_child_keeps_the_lease(
    files: FileLeases, tmp_path: Path
) -> None:
    owner, child = _holder(tmp_path / "locks")
    try:
        assert busy(files)
        owner.kill()
        owner.wait()
        assert busy(files)  # the job lives
    finally:
        owner.kill()
        owner.wait()
        os.kill(child, signal.SIGKILL)
    until(lambda: not busy(files), "a free device")


def test_who_waits_hears_who_has_the_device(files: FileLeases, tmp_path: Path) -> None:
    owner, child = _holder(tmp_path / "locks", cpus=1)
    try:
        with pytest.raises(WfError) as caught:
            take(files, Resources(cpu=2))
    finally:
        for pid in (owner.pid, child):
            os.kill(pid, signal.SIGKILL)
        owner.wait()
    assert "2 cores (1 free)" in caught.value.message
    assert "brave-wolf-7" in caught.value.message
    assert "--no-wait" in str(caught.value.hint)


def test_others_of_the_machine_may_use_the_lock_folder(files: FileLeases, tmp_path: Path) -> None:
    """The table is everybody's to lock; a claim is everybody's to read, and its owner's to hold."""
    before = os.umask(0o077)
    try:
        lease = take(files, Resources(cpu=1, gpu=GpuRequest(1)))
    finally:
        os.umask(before)
    folder = tmp_path / "locks"
    assert folder.stat().st_mode & 0o7777 == 0o1777
    modes = {path.name[:6]: path.stat().st_mode & 0o777 for path in folder.iterdir()}
    assert modes == {"wf-dev": 0o666, "wf-run": 0o644}
    files.release(lease)


def test_a_link_in_place_of_the_table_is_not_followed(files: FileLeases, tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("precious")
    locks = tmp_path / "locks"
    locks.mkdir()
    (locks / "wf-devices").symlink_to(victim)
    with pytest.raises(WfError) as caught:
        take(files)
    assert caught.value.kind == STORAGE
    assert victim.read_text() == "precious"


def test_a_lock_folder_that_is_a_file_is_said(files: FileLeases, tmp_path: Path) -> None:
    (tmp_path / "locks").write_text("")
    with pytest.raises(WfError) as caught:
        take(files)
    assert caught.value.kind == STORAGE
    assert str(tmp_path / "locks") in caught.value.message


def test_what_stands_in_a_lock_file_is_never_believed(files: FileLeases, tmp_path: Path) -> None:
    files.release(take(files))
    for path in (tmp_path / "locks").iterdir():
        path.write_bytes(b"held by \x1b[31mnobody\xff" * 1000)
    lease = take(files, Resources(cpu=2))
    assert busy(files)
    files.release(lease)


def test_a_job_inherits_two_descriptors_however_much_it_has(files: FileLeases) -> None:
    there = machine(cores=64, gpus=8)
    lease = take(files, Resources(cpu=64, memory=10**9, gpu=GpuRequest(8)), there)
    assert len(lease.descriptors) == 2
    files.release(lease)


def test_how_a_lease_was_had_is_told(files: FileLeases) -> None:
    there = machine(cores=4, gpus=4)
    alone = take(files, ONE_GPU, there)
    assert alone.turn == NO_TURN
    thread, had = waiting(files, Resources(cpu=2, gpu=GpuRequest(4)), there)
    passing = take(files, ONE_CORE, there)
    [passed] = passing.turn.passed
    assert passing.turn.number == 2
    assert (passed.run, passed.short_of) == ("wet-mango-1", "4 GPUs (3 free)")
    files.release(alone)
    files.release(passing)
    thread.join(PATIENCE_SECONDS)
    assert had[0].turn.number == 1
    assert had[0].turn.waited > 0
    assert had[0].turn.passed == ()
    files.release(had[0])


def test_who_waits_is_told_when_it_probably_starts(files: FileLeases) -> None:
    claim = Claim("calm-moth-2", usual=500.0, limit=1000.0)
    there = machine(cores=2)
    held = files.acquire(ONE_CORE, lambda _: there, claim, RecordingObserver(), wait=False)
    rest = files.acquire(ONE_CORE, lambda _: there, claim, RecordingObserver(), wait=False)
    files.tell(held, 100.0)
    [one, other] = sorted(files.standing().holders, key=lambda holder: holder.likely or 0)
    assert one.likely == pytest.approx(100, abs=50)
    assert other.likely == pytest.approx(500, abs=50)
    assert other.at_most == pytest.approx(1000, abs=50)
    observer = RecordingObserver()
    thread = threading.Thread(
        target=lambda: files.release(take(files, ONE_CORE, there, wait=True, observer=observer))
    )
    thread.start()
    until(lambda: observer.of(Waiting), "word of waiting")
    told = observer.of(Waiting)[0]
    assert told.likely == pytest.approx(100, abs=50)
    assert told.at_most == pytest.approx(1000, abs=50)
    assert [words.partition(" for ")[0] for words in told.holders] == [
        f"{one.user}'s calm-moth-2: core {lease.cores[0]}" for lease in (held, rest)
    ]
    files.release(held)
    files.release(rest)
    thread.join(PATIENCE_SECONDS)


def test_a_process_that_is_not_wfs_is_named(files: FileLeases) -> None:
    occupied = replace(gpu(1), busy=(Occupant(8812, "bob", "python"),))
    there = Inventory((0, 1), 10**9, (occupied,))
    with pytest.raises(WfError) as caught:
        take(files, ONE_GPU, there)
    assert "python (process 8812 of bob): GPU 1" in caught.value.message


def test_a_busy_answer_leaves_no_descriptor_open(files: FileLeases) -> None:
    held = take(files, Resources(cpu=2))
    before = os.listdir("/proc/self/fd")
    for _ in range(3):
        assert busy(files, Resources(cpu=1, gpu=GpuRequest(2)))
    assert os.listdir("/proc/self/fd") == before
    files.release(held)
