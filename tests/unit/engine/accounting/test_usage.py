"""What a job used, put together at its end."""

from __future__ import annotations

from typing import Any

import pytest

from runner.engine.accounting.usage import document, idle
from runner.process.values import Exit

MB = 1_000_000
NOTHING = {"mean": None, "peak": None}


def sampled(**facts: Any) -> dict[str, Any]:
    return {
        "cpu": {"mean": 1.0, "peak": 2.0},
        "memory": {"mean": 50 * MB, "peak": 80 * MB},
        "gpus": [],
        "samples": {"count": 5, "interval_seconds": 1.0},
        **facts,
    }


def a_gpu(index: int, mean: float | None) -> dict[str, Any]:
    return {"index": index, "utilisation": {"mean": mean, "peak": mean}}


def test_the_mean_of_cores_is_that_of_the_whole_run() -> None:
    found = document(Exit(0, None, cpu_seconds=30.0, peak_memory=5 * MB), 20.0, sampled(), 40 * MB)
    assert found["cpu"] == {"mean": 1.5, "peak": 2.0}
    assert found["memory"] == {"mean": 50 * MB, "peak": 80 * MB}
    assert (found["wall_seconds"], found["cpu_seconds"]) == (20.0, 30.0)
    assert found["peak_memory"] == 5 * MB


def test_a_peak_that_no_sample_saw_is_known_of_the_largest_process() -> None:
    ended = Exit(0, None, peak_memory=500 * MB)
    assert document(ended, 1.0, sampled(), 40 * MB)["memory"]["peak"] == 500 * MB


def test_a_job_too_short_for_a_sample() -> None:
    short = sampled(cpu=NOTHING, memory=NOTHING)
    found = document(Exit(0, None, cpu_seconds=0.1, peak_memory=40 * MB), 0.2, short, 40 * MB)
    assert found["cpu"] == {"mean": 0.5, "peak": None}
    # no more than wf itself had: that is what every process begins with
    assert found["memory"] == NOTHING
    found = document(Exit(0, None, peak_memory=90 * MB), 0.0, short, 40 * MB)
    assert found["cpu"] == NOTHING
    assert found["memory"] == {"mean": None, "peak": 90 * MB}


@pytest.mark.parametrize(
    ("seconds", "gpus", "said"),
    [
        (728.0, [a_gpu(0, 0.031)], "hardly used in 12m08s, on average: GPU 0 3 %"),
        (728.0, [a_gpu(2, 0.0), a_gpu(3, 0.8), a_gpu(5, 0.04)],
         "hardly used in 12m08s, on average: GPU 2 0 %, GPU 5 4 %"),
        (728.0, [a_gpu(0, 0.5)], None),
        (728.0, [a_gpu(0, None)], None),
        (728.0, [], None),
        (60.0, [a_gpu(0, 0.0)], None),
    ],
)  # fmt: skip
def test_a_gpu_that_stood_idle_is_told_of(
    seconds: float, gpus: list[dict[str, Any]], said: str | None
) -> None:
    assert idle({"wall_seconds": seconds, "gpus": gpus}) == said
