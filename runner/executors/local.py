"""Jobs as processes of this machine.

What a job sees of the world stands in ``surroundings.py``, jobs of several nodes in ``nodes.py``.
"""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from runner import envvars
from runner.executors.nodes import grace, side_by_side
from runner.executors.surroundings import HOST, variables
from runner.process.job import JobProcess
from runner.process.values import JobCommand
from runner.spec.workflow import PythonScript, ShellCommands, TorchrunScript

if TYPE_CHECKING:
    from runner.allocation.interface import Lease
    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job
    from runner.process.sink import Sink

# One shell runs all commands, so that `cd` and `export` last, and the first that fails ends the
# job with its code (0.0.7 joins them with &&). A line of their own for each keeps comments,
# here-documents and a trailing & working. `case` leaves $? as it is.
_NEXT = "\ncase $? in 0) ;; *) exit $? ;; esac\n"
# the one word of a program that its shell replaces
_RANK = f'"${envvars.NODE_RANK}"'


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
            argv, env = side_by_side(argv, job, environment, lease, context)
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

    def start(self, command: JobCommand, log: Sink) -> JobProcess:
        """Start it."""
        return JobProcess(command, log)


def _argv(job: Job, environment: Environment, context: Context) -> tuple[str, ...]:
    launch = job.launch
    if isinstance(launch, ShellCommands):
        commands, shell = (*job.before, *launch.commands), launch.shell
    else:
        program = _program(job, environment, context)
        if not job.before and job.nodes == 1:
            return (*program, *launch.args)
        # the script takes the place of the shell, so that signals reach it
        commands, shell = (*job.before, f'exec {_in_shell(program)} "$@"'), "bash"
    if context.conda is not None:
        from runner.environments.conda.start import start

        commands = (f". {shlex.quote(str(start(context.conda, shell)))}", *commands)
    return (shell, "-c", _NEXT.join(commands), job.workflow, *launch.args)


def _in_shell(program: tuple[str, ...]) -> str:
    return " ".join(word if word == _RANK else shlex.quote(word) for word in program)


def _program(job: Job, environment: Environment, context: Context) -> tuple[str, ...]:
    """The words in front of the arguments."""
    python = str(environment.executable)
    match job.launch:
        case TorchrunScript(script, _):
            # what torchrun itself is; the command may be missing where the module is not. Before
            # torch 1.13 it knows its options with underscores only
            return (
                python, "-m", "torch.distributed.run", *_rendezvous(job, context),
                f"--nproc_per_node={job.processes}", script,
            )  # fmt: skip
        case PythonScript(script, _):
            return (python, script)
        case _:
            return ()


def _rendezvous(job: Job, context: Context) -> tuple[str, ...]:
    """Where the nodes of a torchrun meet."""
    if job.nodes == 1:
        return ("--standalone",)
    return (
        f"--nnodes={job.nodes}", "--node_rank", _RANK,
        f"--master_addr={HOST}", f"--master_port={context.rendezvous}",
    )  # fmt: skip
