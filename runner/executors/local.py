"""Jobs as processes of this machine.

What a job sees of the world stands in ``surroundings.py``, jobs of several nodes in ``nodes.py``.
"""

from __future__ import annotations

import shlex
import sys
from typing import TYPE_CHECKING

from runner.executors.commands import as_command, in_one_shell, program
from runner.executors.nodes import LAUNCHER, grace, told
from runner.executors.surroundings import variables
from runner.process.job import JobProcess
from runner.process.values import JobCommand
from runner.spec.workflow import ShellCommands

if TYPE_CHECKING:
    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context, Relief
    from runner.plan.plan import Job
    from runner.process.sink import Sink


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
        argv = _argv(job, environment, context)
        if job.nodes > 1:
            own = [variables(job, environment, lease, context, rank) for rank in range(job.nodes)]
            env = {**own[0], **told(argv, own, job, lease, context.notes)}
            # neither the job's folder nor its variables have a say in what the launcher imports
            argv = (sys.executable, "-I", "-S", str(LAUNCHER))
        else:
            env = variables(job, environment, lease, context)
        return JobCommand(
            argv=argv,
            env=env,
            cwd=context.workspace / job.working_dir,
            # those that limits leave, if it shares them with all
            cpus=frozenset(lease.cores),
            inherit=(*lease.descriptors, *context.inherit),
            terminal=context.terminal,
            window=context.window,
            grace=grace(job),
            max_duration=job.limits.max_duration,
            memory=job.demand.memory_limit,
            notice=job.interruptible,
        )

    def start(self, command: JobCommand, log: Sink, _relief: Relief | None = None, /) -> JobProcess:
        """Start it; it ends with us."""
        return JobProcess(command, log)


def _argv(job: Job, environment: Environment, context: Context) -> tuple[str, ...]:
    launch = job.launch
    if isinstance(launch, ShellCommands):
        commands, shell = (*job.before, *launch.commands), launch.shell
    else:
        words = program(job, environment, context)
        if not job.before and job.nodes == 1:
            return (*words, *launch.args)
        commands, shell = (*job.before, as_command(words)), "bash"
    if context.conda is not None:
        from runner.environments.conda.start import start

        commands = (f". {shlex.quote(str(start(context.conda, shell)))}", *commands)
    return (shell, "-c", in_one_shell(commands), job.workflow, *launch.args)
