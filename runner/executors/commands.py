"""What a job executes, in words and as the text of one shell. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from runner import envvars
from runner.executors.surroundings import HOST
from runner.spec.workflow import PythonScript, TorchrunScript

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job

# One shell runs all commands, so that `cd` and `export` last, and the first that fails ends the
# job with its code (0.0.7 joins them with &&). A line of their own for each keeps comments,
# here-documents and a trailing & working. `case` leaves $? as it is.
_NEXT = "\ncase $? in 0) ;; *) exit $? ;; esac\n"
# the one word of a program that its shell replaces
_RANK = f'"${envvars.NODE_RANK}"'


def in_one_shell(commands: Sequence[str]) -> str:
    """The text for ``sh -c``."""
    return _NEXT.join(commands)


def program(job: Job, environment: Environment, context: Context) -> tuple[str, ...]:
    """The words in front of the arguments of a script; none where a job is commands."""
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


def as_command(words: Sequence[str]) -> str:
    """A :func:`program` as a command, with the arguments of the shell behind it.

    It takes the place of the shell, so that signals reach it.
    """
    quoted = " ".join(word if word == _RANK else shlex.quote(word) for word in words)
    return f'exec {quoted} "$@"'


def _rendezvous(job: Job, context: Context) -> tuple[str, ...]:
    """Where the nodes of a torchrun meet."""
    if job.nodes == 1:
        return ("--standalone",)
    return (
        f"--nnodes={job.nodes}", "--node_rank", _RANK,
        f"--master_addr={HOST}", f"--master_port={context.rendezvous}",
    )  # fmt: skip
