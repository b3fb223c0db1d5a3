"""What is done at the ticks of a job: samples, and word to those who wait."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Lease
from runner.allocation.inventory import Gpu, Load
from runner.engine.accounting.gpus import GpuWatch
from runner.engine.accounting.watch import Watch
from runner.paths import RunPaths
from runner.process.usage import Reading
from tests.conftest import until
from tests.fakes.leases import FakeLeases

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path


GPUS = (Gpu("GPU-1", 0, "NVIDIA Fake", 48_000), Gpu("GPU-2", 1, "NVIDIA Fake", 48_000))


class Told(FakeLeases):
    """Leases that keep what they are told."""

    def __init__(self) -> None:
        super().__init__()
        self.left: list[float | None] = []

    def tell(self, lease: Lease, left: float | None) -> None:  # noqa: ARG002
        self.left.append(left)


class Rig:
    """A job whose log and clock are the test's."""

    def __init__(self, folder: Path) -> None:
        self.now = 0.0
        self.leases = Told()
        self.paths = RunPaths(folder)
        self.lease = Lease((0,), exclusive=True, gpus=(), memory=None, of_cores=1)
        self.watch = Watch(
            self,  # type: ignore[arg-type]
            self.lease,
            self.leases,
            lambda _: {},
            self.paths,
            clock=lambda: self.now,
        )

    def used(self) -> Reading:
        return Reading(self.now, 1000)

    def say(self, text: str, seconds: int) -> None:
        """The job writes, and then so many seconds go by."""
        with self.paths.log.open("a") as log:
            log.write(text)
        for _ in range(seconds):
            self.now += 1.0
            self.watch.tick()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


def test_those_who_wait_are_told_what_is_left_of_the_whole_job(rig: Rig) -> None:
    rig.say("preparing\n", 5)
    assert rig.leases.left == []
    for epoch in range(1, 4):
        rig.say(f"Epoch {epoch}/10\n", 60)
    assert rig.leases.left
    # seen at the first second of epoch 1; after three minutes seven epochs of a minute are left
    assert rig.leases.left[-1] == pytest.approx(420, abs=10)
    assert len(rig.leases.left) <= 185 / 5


def test_a_job_that_tells_nothing_is_not_told_of(rig: Rig) -> None:
    rig.say("loss 0.5\r" * 5000, 60)
    assert rig.leases.left == []


def test_a_number_is_not_read_from_the_half_of_a_line(rig: Rig) -> None:
    rig.say("step 10/1000\n", 6)
    # the 4 KiB that are read begin within this number
    rig.say("step 1" + "9" * 8 + "/1000\r" + "x" * 4085 + "\n", 6)
    rig.say("step 20/1000\n", 6)
    assert all(left is not None and left > 0 for left in rig.leases.left)


def test_without_a_log_all_else_goes_on(rig: Rig) -> None:
    for _ in range(20):
        rig.now += 1.0
        rig.watch.tick()
    rig.watch.close()
    rig.watch.close()
    assert rig.watch.document()["cpu"] == {"mean": 1.0, "peak": 1.0}


def test_a_driver_that_hangs_holds_nobody_up() -> None:
    asked, answer = threading.Semaphore(0), threading.Semaphore(0)

    def ask(uuids: Sequence[str]) -> dict[str, Load]:
        asked.release()
        answer.acquire()
        return {uuid: Load(0.5, 10) for uuid in uuids}

    watch = GpuWatch(ask, [gpu.uuid for gpu in GPUS])
    asked.acquire()
    assert [watch.take() for _ in range(3)] == [{}, {}, {}]
    answer.release()
    found = until(watch.take)
    assert found == {"GPU-1": Load(0.5, 10), "GPU-2": Load(0.5, 10)}
    watch.close()
    answer.release(5)
