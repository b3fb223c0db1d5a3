"""What a job is told of its devices: how many threads to start, and which GPUs there are. Pure."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner import envvars
from runner.environments.packages.lists import version_of

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.allocation.interface import Lease
    from runner.plan.plan import Job

# Up to this release PyTorch takes what stands in CUDA_VISIBLE_DEVICES for numbers alone, and finds
# no GPU where it is a UUID (pytorch issue 90543)
_COUNTS_BY_INDEX = (1, 13)
SIMULATION = Path(__file__).with_name("simulated")
"""The folder of what makes processes on the CPU stand in for GPUs."""
_LOOPBACK = "lo0" if sys.platform == "darwin" else "lo"


def gpus_of(lease: Lease) -> int:
    """How many GPUs a job is told it has, real or simulated ones."""
    return len(lease.gpus) or lease.simulated


def thread_counts(job: Job, share: Lease) -> dict[str, str]:
    """Numeric libraries count the machine's cores, not the lease's.

    ``share`` is what one node has. Each of its processes inherits the same number, so those that wf
    starts (a rank for each GPU under torchrun) have their part of the cores each. So have those
    that stand in for GPUs, even where the cores are everybody's: with a thread for each core in
    every one of them the machine would stand still.
    """
    ranks = job.processes
    if share.simulated:
        ranks = share.simulated if share.exclusive else share.simulated * job.nodes
    elif not share.exclusive:
        return {}
    each = max(len(share.cores) // ranks, 1)
    return dict.fromkeys(envvars.THREAD_COUNTS, str(each))


def visible_gpus(share: Lease, lock: Sequence[str]) -> str:
    """The GPUs of one node as CUDA is to see them; ``lock`` are the packages of the environment.

    A UUID means the same GPU whatever else is visible. Where an old PyTorch knows numbers only, it
    is that in the order of the PCI bus, which ``CUDA_DEVICE_ORDER`` says. Instances of a divided
    GPU have no number of their own (NVIDIA Multi-Instance GPU User Guide, "CUDA Visible Devices").
    """
    divided = any(gpu.parent is not None for gpu in share.gpus)
    if share.gpus and not divided and _by_index(lock):
        return ",".join(str(gpu.index) for gpu in share.gpus)
    return ",".join(gpu.uuid for gpu in share.gpus)


def simulation(share: Lease, given: Mapping[str, str]) -> dict[str, str]:
    """What makes processes on the CPU stand in for GPUs; ``given`` is what the job has besides.

    Its Pythons find ``simulated/sitecustomize.py`` before anything else. Its ranks are all on this
    machine: they need not look for each other by the name of the host, which may lead elsewhere.
    """
    if not share.simulated:
        return {}
    folders = [str(SIMULATION), given.get(envvars.PYTHON_PATH, "")]
    return {
        envvars.SIMULATED_GPUS: str(share.simulated),
        envvars.GLOO_INTERFACE: given.get(envvars.GLOO_INTERFACE, _LOOPBACK),
        envvars.PYTHON_PATH: os.pathsep.join(filter(None, folders)),
    }


def _by_index(lock: Sequence[str]) -> bool:
    from packaging.version import InvalidVersion, Version

    said = version_of("torch", lock)
    try:
        return said is not None and Version(said).release[:2] <= _COUNTS_BY_INDEX
    except InvalidVersion:
        return False
