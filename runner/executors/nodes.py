"""A job of several nodes on one machine: its nodes run side by side, each with its share.

wf starts one process, ``side_by_side.py``, which starts the nodes and ends when they have. All of
them are one process group, so that a signal from wf reaches each.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from runner import envvars
from runner.executors.surroundings import share_of
from runner.process.values import GRACE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from runner.allocation.interface import Lease
    from runner.plan.plan import Job

LAUNCHER = Path(__file__).with_name("side_by_side.py")


def grace(job: Job) -> float:
    """How many seconds a job has to end when it is asked to."""
    stop = job.limits.stop_duration
    return GRACE_SECONDS if stop is None else stop


def told(
    argv: tuple[str, ...],
    own: Sequence[Mapping[str, str]],
    job: Job,
    lease: Lease,
    notes: Path,
) -> dict[str, str]:
    """What the launcher is told to start ``argv`` on every node of the job.

    ``own`` are the variables of each node. The launcher itself has those of node 0; for each node
    it is told in what its variables differ from those, and its cores. As these may hold secrets, it
    is told so in a variable, not on its command line, which everybody on the machine can read. When
    a node has failed, the others have as long to end as the job has when it is stopped.
    """
    first = own[0]
    nodes = [
        {
            "variables": {key: mine[key] for key in mine if mine[key] != first.get(key)},
            "cores": list(share_of(lease, job.nodes, rank).cores) if lease.exclusive else None,
        }
        for rank, mine in enumerate(own)
    ]
    group = {"argv": argv, "nodes": nodes, "grace": grace(job), "notes": str(notes)}
    return {envvars.NODES: json.dumps(group)}
