"""What the engine makes of GPUs that are simulated."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from runner.allocation.interface import Lease
from runner.engine import simulated
from runner.paths import RunPaths
from tests.fakes import jobs

if TYPE_CHECKING:
    from pathlib import Path

LEASE = Lease(cores=(0,), exclusive=True, gpus=(), memory=None, of_cores=2)


def test_a_job_sees_the_stand_ins_of_all_its_nodes() -> None:
    job = jobs.a_job(simulated=2, nodes=3)
    assert simulated.with_stand_ins(LEASE, job).document()["simulated_gpus"] == 6


def test_without_any_the_lease_is_the_very_one_that_is_held() -> None:
    assert simulated.with_stand_ins(LEASE, jobs.a_job()) is LEASE


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (1, b"wf: 1 GPU is simulated, by 1 rank on the CPU\n"),
        (8, b"wf: 8 GPUs are simulated, by 8 ranks on the CPU\n"),
        (0, b""),
    ],
)
def test_the_log_begins_with_it(tmp_path: Path, number: int, said: bytes) -> None:
    log = os.open(tmp_path / "log", os.O_WRONLY | os.O_CREAT)
    simulated.announce_in_log(jobs.a_job(simulated=number), log)
    os.close(log)
    assert (tmp_path / "log").read_bytes() == said


def test_a_log_that_cannot_be_written_keeps_nothing_from_starting() -> None:
    with open("/dev/full", "wb", buffering=0) as full:
        simulated.announce_in_log(jobs.a_job(simulated=1), full.fileno())


@pytest.mark.parametrize(
    ("number", "before", "more"),
    [
        (
            2,
            "val_loss 0.1\n",
            "simulated GPUs: none was used, by Lightning or by torch.distributed",
        ),
        (2, "simulated GPUs: 2 ranks on the CPU, joined by gloo\n", None),
        (0, "val_loss 0.1\n", None),
    ],
)
def test_a_job_that_did_without_is_told_of(
    tmp_path: Path, number: int, before: str, more: str | None
) -> None:
    paths = RunPaths(tmp_path)
    paths.notes.write_text(before)
    simulated.look_back(jobs.a_job(simulated=number), paths)
    assert paths.notes.read_text() == before + (f"{more}\n" if more else "")


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("AssertionError: Torch not compiled with CUDA enabled", "calls CUDA itself"),
        ("RuntimeError: Found no NVIDIA driver on your system.", "calls CUDA itself"),
        ("RuntimeError: Attempting to deserialize object on a CUDA device but", "calls CUDA"),
        (
            "MisconfigurationException: You requested gpu: [0, 1]\n But your machine only has: []",
            "nothing in it stood in",
        ),
        ("ValueError: ProcessGroupNCCL is only supported with GPUs, no GPUs found!", "stood in"),
    ],
)
def test_why_a_job_failed_is_seen_at_what_it_said_last(text: str, cause: str) -> None:
    found = simulated.advice(f"Traceback …\n{text}\n")
    assert found is not None
    assert cause in found.cause


def test_of_other_failures_nothing_is_said() -> None:
    assert simulated.advice("KeyError: 'cuda'") is None
