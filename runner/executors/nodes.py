"""A job of several nodes on one machine: its nodes run side by side, each with its share.

wf starts one process, ``side_by_side.py``, which starts the nodes and ends when they have. All of
them are one process group, so that a signal from wf reaches each.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from runner import envvars
from runner.executors.surroundings import share_of, variables
from runner.process.values import GRACE_SECONDS

if TYPE_CHECKING:
    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job

_LAUNCHER = Path(__file__).with_name("side_by_side.py")


def grace(job: Job) -> float:
    """How many seconds a job has to end when it is asked to."""
    stop = job.limits.stop_duration
    return GRACE_SECONDS if stop is None else stop


def side_by_side(
    argv: tuple[str, ...],
    job: Job,
    environment: Environment,
    lease: Lease,
    context: Context,
) -> tuple[tuple[str, ...], dict[str, str]]:
    """The command line that starts ``argv`` on every node of the job, and its variables.

    The launcher itself gets the variables of node 0; for each node it is told in what its
    variables differ from those, and its cores. As these may hold secrets, it is told so in a
    variable, not on its command line, which everybody on the machine can read. When a node has
    failed, the others have as long to end as the job has when it is stopped.
    """
    first = variables(job, environment, lease, context)
    nodes = []
    for rank in range(job.nodes):
        own = variables(job, environment, lease, context, rank)
        share = share_of(lease, job.nodes, rank)
        nodes.append(
            {
                "variables": {key: own[key] for key in own if own[key] != first.get(key)},
                "cores": list(share.cores) if lease.exclusive else None,
            }
        )
    group = {"argv": argv, "nodes": nodes, "grace": grace(job), "notes": str(context.notes)}
    # neither the job's folder nor its variables have a say in what the launcher imports
    launcher = (sys.executable, "-I", "-S", str(_LAUNCHER))
    return launcher, {**first, envvars.NODES: json.dumps(group)}
