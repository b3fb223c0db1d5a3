"""What a job sees of the world: the variables of its processes. Pure.

The table :data:`runner.envvars.GIVEN` says what each of them means. Later ones win: the caller's,
wf's defaults, the workflow's parameters, its variables, the project's secrets, what the lease
demands.
"""

from __future__ import annotations

import os
import re
from dataclasses import replace
from typing import TYPE_CHECKING

from runner import envvars
from runner.environments.interface import IMAGE
from runner.executors.devices import gpus_of, simulation, thread_counts, visible_gpus
from runner.spec.interpolation import SECRET_LATER, exported, with_secrets

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job

# an address and not a name: `localhost` may mean ::1 first, where a server may not listen
HOST = "127.0.0.1"
# a secret, and in a word of a shell a variable; the last is a dollar sign that is to stay
_REFERENCE = re.compile(
    rf"{SECRET_LATER.pattern}|\$\{{([A-Za-z_]\w*)\}}|\$([A-Za-z_]\w*)|\\\$", re.ASCII
)


def variables(
    job: Job, environment: Environment, lease: Lease, context: Context, rank: int = 0
) -> dict[str, str]:
    """The variables of one node of a job; ``lease`` is that of the whole job."""
    share = share_of(lease, job.nodes, rank)
    given = {
        **_inherited(context.variables),
        **_of_wf(job, environment, context),
        **dict.fromkeys(envvars.HOSTED_PLACEHOLDERS, context.run),
        **_of_0_0_7(job, context, rank),
        **_of_today(job, lease, context, rank),
        **thread_counts(job, share),
        **context.defaults,
        **exported(dict(job.parameters), context.run),
    }
    passed = {name: context.variables[name] for name in job.passed if name in context.variables}
    given = {
        **given,
        **_own(job, given, {**context.secrets, **passed}),
        **context.secrets,
        **passed,
        **_token(job, context),
        envvars.CUDA_DEVICE_ORDER: "PCI_BUS_ID",
        envvars.CUDA_VISIBLE_DEVICES: visible_gpus(share, environment.lock),
    }
    return {**given, **simulation(share, given)}


def _own(job: Job, given: Mapping[str, str], secrets: Mapping[str, str]) -> dict[str, str]:
    """The workflow's variables, with the secrets that stand in them.

    ``$NAME`` in one that refers to others is what comes before it, or a secret.
    """
    own: dict[str, str] = {}

    def value(found: re.Match[str]) -> str:
        if found[1]:
            return secrets.get(found[1], found[0])
        name = found[2] or found[3]
        return secrets.get(name, own.get(name, given.get(name, ""))) if name else "$"

    for name, written in job.variables:
        own[name] = (
            _REFERENCE.sub(value, written)
            if name in job.expanded
            else with_secrets(written, secrets)
        )
    return own


def share_of(lease: Lease, nodes: int, rank: int) -> Lease:
    """What one of several nodes has of a lease; cores that are shared are shared by all."""
    if nodes == 1:
        return lease
    gpus, cores = len(lease.gpus) // nodes, len(lease.cores) // nodes
    return replace(
        lease,
        gpus=lease.gpus[rank * gpus : (rank + 1) * gpus],
        simulated=lease.simulated // nodes,
        cores=lease.cores[rank * cores : (rank + 1) * cores] if lease.exclusive else lease.cores,
    )


def _inherited(caller: Mapping[str, str]) -> dict[str, str]:
    dropped = {
        *envvars.RANK_VARIABLES,
        *envvars.INTERPRETER_VARIABLES,
        envvars.BYTECODE_FOLDER,
        # of a run in which this one was started
        envvars.WF_RESUMED_FROM,
        envvars.WF_RESUME_CKPT,
    }
    return {
        name: value
        for name, value in caller.items()
        if name not in dropped and not name.startswith(envvars.SCRUBBED_PREFIXES)
    }


def _of_wf(job: Job, environment: Environment, context: Context) -> dict[str, str]:
    return {
        **_of_environment(environment, context),
        **_day(job),
        **_resumed(context),
        envvars.WF_RUN: context.run,
        envvars.WF_WORKFLOW: job.workflow,
        envvars.WF_NOTES: str(context.notes),
        envvars.WF_ARTIFACTS: str(context.artifacts),
        envvars.WF_ATTEMPT: str(context.attempt),
    }


def _of_environment(environment: Environment, context: Context) -> dict[str, str]:
    if environment.kind == IMAGE:
        return {}
    return {
        "PATH": f"{environment.bin}{os.pathsep}{context.variables.get('PATH', os.defpath)}",
        "VIRTUAL_ENV": str(environment.root),
        # a pip of the system's would otherwise install into the system
        "PIP_REQUIRE_VIRTUALENV": "1",
    }


def _resumed(context: Context) -> dict[str, str]:
    """What a script needs to go on where another run ended."""
    known = {
        envvars.WF_RESUMED_FROM: context.resumed_from,
        envvars.WF_RESUME_CKPT: context.checkpoint,
    }
    return {name: str(value) for name, value in known.items() if value is not None}


def _day(job: Job) -> dict[str, str]:
    """Commands that call uv install as of the day, too."""
    if job.environment.as_of is None:
        return {}
    from runner.spec.days import end

    return {envvars.UV_EXCLUDE_NEWER: end(job.environment.as_of)}


def _job_id(job: Job, context: Context, rank: int) -> str:
    return f"{context.run},{job.workflow},{rank}"


def _of_0_0_7(job: Job, context: Context, rank: int) -> dict[str, str]:
    """What the runner of 0.0.7 to 0.9.2 set; ``MASTER_*`` on the nodes that have a master."""
    given = {
        "PYTHONUNBUFFERED": "1",
        envvars.RUN_NAME: context.run,
        "JOB_ID": _job_id(job, context, rank),
        **dict.fromkeys(("HOSTNAME", "JOB_HOSTNAME"), HOST),
        **_ports(("PORT_", "JOB_PORT_"), context),
    }
    if rank == 0:
        return given
    return {
        **given,
        **dict.fromkeys(("MASTER_ID", "MASTER_JOB_ID"), _job_id(job, context, 0)),
        **dict.fromkeys(("MASTER_HOSTNAME", "MASTER_JOB_HOSTNAME"), HOST),
        **_ports(("MASTER_PORT_", "MASTER_JOB_PORT_"), context),
    }


def _ports(prefixes: tuple[str, ...], context: Context) -> dict[str, str]:
    return {
        f"{prefix}{index}": str(port)
        for prefix in prefixes
        for index, port in enumerate(context.ports)
    }


def _of_today(job: Job, lease: Lease, context: Context, rank: int) -> dict[str, str]:
    """What the runner of 0.21.2 sets."""
    hostfile = {} if context.mpi_hostfile is None else {envvars.MPI_HOSTFILE: context.mpi_hostfile}
    return {
        "DSTACK_RUN_ID": context.run,
        "DSTACK_RUN_NAME": context.run,
        "DSTACK_JOB_ID": _job_id(job, context, rank),
        "DSTACK_REPO_ID": context.repo,
        "DSTACK_REPO_DIR": str(context.workspace),
        "DSTACK_WORKING_DIR": str(context.workspace / job.working_dir),
        "DSTACK_NODES_IPS": "\n".join([HOST] * job.nodes),
        "DSTACK_MASTER_NODE_IP": HOST,
        envvars.NODE_RANK: str(rank),
        "DSTACK_NODES_NUM": str(job.nodes),
        "DSTACK_GPUS_PER_NODE": str(gpus_of(lease) // job.nodes),
        "DSTACK_GPUS_NUM": str(gpus_of(lease)),
        **{name: str(path) for name, path in hostfile.items()},
    }


def _token(job: Job, context: Context) -> dict[str, str]:
    if job.service is None or job.service.token_variable is None or context.token is None:
        return {}
    return {job.service.token_variable: context.token}
