"""GPUs that are simulated: said when a run begins, in its log, and where it ends without them."""

from __future__ import annotations

import os
import re
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.errors import Problem
from runner.events import Warned
from runner.records import folder
from runner.units import count, quoted

if TYPE_CHECKING:
    from runner.allocation.interface import Lease
    from runner.engine.attempt import Attempt
    from runner.paths import RunPaths
    from runner.plan.ageing.advice import Advice
    from runner.plan.plan import Choices, Job, Plan

# `executors/simulated/sitecustomize.py` begins with it what it has done in the job
_NOTE = "simulated GPUs: "
# what PyTorch says where there is no GPU, and DistributedDataParallel to a model on the CPU
_CUDA = (
    r"Torch not compiled with CUDA enabled|No CUDA GPUs are available|Found no NVIDIA driver"
    r"|deserialize object on a CUDA device|CUDA driver initialization failed"
    r"|device_ids and output_device arguments only work with"
)
# what Lightning and PyTorch say where nothing stands in for their GPUs
_ALONE = (
    r"No supported gpu backend found|can not run on your system since the accelerator is not"
    r"|But your machine only has: \[\]|ProcessGroupNCCL is only supported with GPUs"
    r"|doesn't have NCCL built in"
)


def unused(planned: Plan, choices: Choices) -> tuple[Problem, ...]:
    """That nothing was there to be simulated, although it was asked for."""
    if not choices.simulate_gpus or any(job.simulated for job in planned.jobs):
        return ()
    who = "no workflow asks" if planned.everything else f"{quoted(planned.job.workflow)} asks"
    what = "for a GPU" if planned.everything else "for no GPU"
    return (Problem(f"{who} {what}, so that --simulate-gpus changes nothing"),)


def with_stand_ins(lease: Lease, job: Job) -> Lease:
    """The lease as the job sees it; who holds devices knows it by the other one only."""
    return replace(lease, simulated=job.simulated * job.nodes) if job.simulated else lease


def announce(attempt: Attempt) -> None:
    """Warn whoever watches."""
    if attempt.job.simulated:
        attempt.notify(Warned(_said(attempt.job)))


def announce_in_log(job: Job, log: int) -> None:
    """Say it in front of all that the job prints; its own bytes follow, unchanged."""
    if job.simulated:
        with suppress(OSError):  # it is on the record all the same
            os.write(log, f"wf: {_said(job)}\n".encode())


def _said(job: Job) -> str:
    number = job.simulated * job.nodes
    are = "is" if number == 1 else "are"
    return f"{count(number, 'GPU')} {are} simulated, by {count(number, 'rank')} on the CPU"


def look_back(job: Job, paths: RunPaths) -> None:
    """Write down that a job has come to its end without a rank in the place of any GPU."""
    if not job.simulated or any(note.startswith(_NOTE) for note in folder.read_notes(paths)):
        return
    with suppress(OSError), paths.notes.open("a", encoding="utf-8") as notes:
        notes.write(f"{_NOTE}none was used, by Lightning or by torch.distributed\n")


def advice(text: str) -> Advice | None:
    """What to do about a job that failed with ``text`` while its GPUs were simulated."""
    from runner.plan.ageing.advice import Advice

    if re.search(_CUDA, text):
        return Advice(
            "it calls CUDA itself, and its GPUs are simulated",
            "choose the device by torch.cuda.is_available(); --simulate-gpus stands in for "
            "Lightning's and for torch.distributed's use of GPUs only",
        )
    if re.search(_ALONE, text):
        return Advice(
            "nothing in it stood in for its simulated GPUs",
            "it takes Lightning 1.6 or newer, and a PYTHONPATH that keeps what is in it already: "
            "PYTHONPATH=folder:$PYTHONPATH",
        )
    return None
