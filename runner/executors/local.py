"""Jobs as processes of this machine.

The job sees the environment's commands first in ``PATH``, exactly the devices of its lease, and
the caller's own variables, less those a launcher or another environment left behind.
"""

from __future__ import annotations

import os
import shlex
from typing import TYPE_CHECKING

from runner import envvars
from runner.process import JobCommand, JobProcess
from runner.spec.interpolation import exported
from runner.spec.workflow import PythonScript, ShellCommands, TorchrunScript

if TYPE_CHECKING:
    from collections.abc import Mapping

    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job

# One shell runs all commands, so that `cd` and `export` last, and the first that fails ends the
# job with its code (0.0.7 joins them with &&). A line of their own for each keeps comments,
# here-documents and a trailing & working. `case` leaves $? as it is.
_NEXT = "\ncase $? in 0) ;; *) exit $? ;; esac\n"


class LocalExecutor:
    """Starts jobs on this machine."""

    name = "local"

    def unavailable(self) -> str | None:
        """It always can be used."""
        return None

    def translate(
        self, job: Job, environment: Environment, lease: Lease, context: Context
    ) -> JobCommand:
        """The command line, variables and cores of the job's first process."""
        return JobCommand(
            argv=_argv(job, environment),
            env=_variables(job, environment, lease, context),
            cwd=context.workspace / job.working_dir,
            cpus=frozenset(lease.cores) if lease.exclusive else None,
            inherit=(*lease.descriptors, *context.inherit),
            terminal=context.terminal,
        )

    def start(self, command: JobCommand, log: int) -> JobProcess:
        """Start it."""
        return JobProcess(command, log)


def _argv(job: Job, environment: Environment) -> tuple[str, ...]:
    launch = job.launch
    if isinstance(launch, ShellCommands):
        commands, shell = (*job.before, *launch.commands), launch.shell
    else:
        program = _program(job, environment)
        if not job.before:
            return (*program, *launch.args)
        # the script takes the place of the shell, so that signals reach it
        commands, shell = (*job.before, f'exec {shlex.join(program)} "$@"'), "bash"
    return (shell, "-c", _NEXT.join(commands), job.workflow, *launch.args)


def _program(job: Job, environment: Environment) -> tuple[str, ...]:
    """The words in front of the arguments."""
    python = str(environment.executable)
    match job.launch:
        case TorchrunScript(script, _):
            gpu = job.resources.gpu
            # what torchrun itself is; the command may be missing where the module is not
            return (
                python, "-m", "torch.distributed.run", "--standalone",
                f"--nproc-per-node={gpu.count if gpu else 1}", script,
            )  # fmt: skip
        case PythonScript(script, _):
            return (python, script)
        case _:
            return ()


def _variables(
    job: Job, environment: Environment, lease: Lease, context: Context
) -> dict[str, str]:
    """Caller < workflow < what the lease demands: nobody can ask for more than was granted."""
    path = f"{environment.bin}{os.pathsep}{context.variables.get('PATH', os.defpath)}"
    return {
        **_inherited(context.variables),
        "PATH": path,
        "VIRTUAL_ENV": str(environment.root),
        # a pip of the system's would otherwise install into the system
        "PIP_REQUIRE_VIRTUALENV": "1",
        # what dstack's runners set, so that output appears when it is written
        "PYTHONUNBUFFERED": "1",
        envvars.RUN_NAME: context.run,
        envvars.WF_RUN: context.run,
        envvars.WF_WORKFLOW: job.workflow,
        envvars.WF_NOTES: str(context.notes),
        **_thread_counts(lease),
        **exported(dict(job.parameters), context.run),
        **dict(job.variables),
        envvars.CUDA_DEVICE_ORDER: "PCI_BUS_ID",
        envvars.CUDA_VISIBLE_DEVICES: ",".join(gpu.uuid for gpu in lease.gpus),
    }


def _inherited(variables: Mapping[str, str]) -> dict[str, str]:
    dropped = envvars.RANK_VARIABLES | envvars.INTERPRETER_VARIABLES
    return {
        name: value
        for name, value in variables.items()
        if name not in dropped and not name.startswith(envvars.SCRUBBED_PREFIXES)
    }


def _thread_counts(lease: Lease) -> dict[str, str]:
    """Numeric libraries count the machine's cores, not the lease's."""
    if not lease.exclusive:
        return {}
    return dict.fromkeys(envvars.THREAD_COUNTS, str(len(lease.cores)))
