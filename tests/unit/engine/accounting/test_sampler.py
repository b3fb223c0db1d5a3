"""The sampler, with a clock and readings of the test's own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.allocation.inventory import Gpu, Load
from runner.engine.accounting.sampler import Sampler, Sources
from runner.process.usage import Reading
from runner.records.samples import read

if TYPE_CHECKING:
    from pathlib import Path

GPU = Gpu("GPU-1", 3, "NVIDIA Fake", 48_000)


class Job:
    """A job by script: each second it has used so much more; a reading takes ``cost`` seconds."""

    def __init__(self, path: Path, gpus: tuple[Gpu, ...] = (), cost: float = 0.0) -> None:
        self.now = 100.0
        self.spent = 0.0
        self.cost = cost
        self.reading: Reading | None = Reading(0.0, 0)
        self.loads: dict[str, Load] = {}
        self.readings = 0
        self.path = path / "samples.csv"
        sources = Sources(self.read, gpus, lambda: self.loads, lambda: self.now, lambda: self.spent)
        self.sampler = Sampler(sources, self.path)

    def read(self) -> Reading | None:
        self.readings += 1
        self.spent += self.cost
        return self.reading

    def second(self, cpu_seconds: float = 0.0, memory: int = 0) -> None:
        self.now += 1.0
        before = 0.0 if self.reading is None else self.reading.cpu_seconds
        self.reading = Reading(before + cpu_seconds, memory)
        self.sampler.tick()


def test_cores_in_use_and_memory_with_their_peaks(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.second(4.0, 1000)
    job.second(1.0, 3000)
    job.second(1.0, 2000)
    found = job.sampler.document()
    assert found["cpu"] == {"mean": 2.0, "peak": 4.0}
    assert found["memory"] == {"mean": 2000, "peak": 3000}
    assert found["gpus"] == []
    assert found["samples"] == {"count": 3, "interval_seconds": 1.0}


def test_the_series_is_in_the_file_while_the_job_goes_on(tmp_path: Path) -> None:
    job = Job(tmp_path)
    assert not job.path.exists()
    job.second(1.0, 1000)
    job.second(2.0, 2000)
    job.second(3.0, 3000)
    found = read(job.path)
    assert found is not None
    assert found.columns == ("seconds", "cpu", "memory")
    assert found.rows == ((1.0, 1.0, 1000.0), (2.0, 2.0, 2000.0))
    job.sampler.close()
    job.sampler.close()
    found = read(job.path)
    assert found is not None
    assert found.column("memory") == (1000.0, 2000.0, 3000.0)


def test_a_long_run_has_a_file_of_bounded_length_and_its_peak(tmp_path: Path) -> None:
    job = Job(tmp_path)
    for second in range(5000):
        job.second(1.0, 900 if second == 4321 else 100)
    job.sampler.close()
    found = read(job.path)
    assert found is not None
    assert 1000 <= len(found.rows) < 2000
    assert found.column("seconds")[0] == 4.0
    assert found.column("seconds")[-1] == 5000.0
    assert set(found.column("cpu")) == {1.0}
    assert job.sampler.document()["memory"]["peak"] == 900


def test_gpus_are_told_one_by_one(tmp_path: Path) -> None:
    job = Job(tmp_path, (GPU,))
    job.loads = {"GPU-1": Load(0.5, 10_000)}
    job.second()
    job.loads = {"GPU-1": Load(1.0, 30_000)}
    job.second()
    assert job.sampler.document()["gpus"] == [
        {
            "uuid": "GPU-1",
            "index": 3,
            "utilisation": {"mean": 0.75, "peak": 1.0},
            "memory": {"mean": 20_000, "peak": 30_000},
            "memory_total": 48_000,
        }
    ]
    job.sampler.close()
    found = read(job.path)
    assert found is not None
    assert found.column("gpu0_utilisation") == (0.5, 1.0)
    assert found.column("gpu0_memory") == (10_000.0, 30_000.0)


def test_a_driver_that_says_nothing_leaves_fields_empty(tmp_path: Path) -> None:
    job = Job(tmp_path, (GPU,))
    job.second(1.0, 100)
    job.loads = {"GPU-1": Load(None, 500)}
    job.second(1.0, 100)
    gpu = job.sampler.document()["gpus"][0]
    assert gpu["utilisation"] == {"mean": None, "peak": None}
    assert gpu["memory"] == {"mean": 500, "peak": 500}
    job.sampler.close()
    assert job.path.read_text().splitlines()[1] == "1,1,100,,"


def test_a_reading_that_cannot_be_had_is_left_out(tmp_path: Path) -> None:
    job = Job(tmp_path)
    job.second(1.0, 100)
    before, job.reading = job.reading, None
    job.now += 1.0
    job.sampler.tick()
    job.reading = before
    job.second(4.0, 100)
    # what was used meanwhile is spread over the time it took
    assert job.sampler.document()["cpu"] == {"mean": pytest.approx(5 / 3, abs=1e-3), "peak": 2.0}


@pytest.mark.parametrize(("cost", "most"), [(0.001, 1000), (0.01, 400), (0.1, 40)])
def test_the_dearer_a_reading_the_rarer(tmp_path: Path, cost: float, most: int) -> None:
    job = Job(tmp_path, cost=cost)
    for _ in range(1000):
        job.second(1.0, 100)
    assert job.readings <= most
    assert job.spent / 1000 <= 0.005
    assert job.sampler.document()["cpu"]["mean"] == pytest.approx(1.0)


def test_without_a_place_for_the_series_the_figures_are_there_nevertheless(tmp_path: Path) -> None:
    job = Job(tmp_path / "missing")
    job.second(2.0, 100)
    job.second(2.0, 100)
    job.sampler.close()
    assert job.sampler.document()["cpu"] == {"mean": 2.0, "peak": 2.0}
    assert not job.path.exists()
