"""What a container executes: the words of its first process. Pure."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING

from runner.executors.commands import as_command, in_one_shell, program
from runner.executors.nodes import LAUNCHER
from runner.spec.workflow import PROGRAM, ShellCommands

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.environments.interface import Environment
    from runner.executors.interface import Context
    from runner.plan.plan import Job

PRIVATE_FILE = "/run/wf/variables"
"""Where a container finds those of its variables that its daemon is not to know."""

_SH = ("sh", "-c")
_READ_FIRST = f'. {PRIVATE_FILE}\nexec "$@"'
# Many small images have no bash (Alpine's, say), and every image with bash has sh
_BASH_OR_SH = """command -v bash >/dev/null && exec bash -c "$@"
exec sh -c "$@"
"""
_NO_PYTHON = "wf: Python starts the nodes of a job, and the image has none"
_CANNOT_START = 127


def needs_shell(job: Job) -> bool:
    """Whether what the job executes is for a shell to read."""
    launch = job.launch
    if job.nodes > 1 or job.before:
        return True
    if not isinstance(launch, ShellCommands):
        return False
    assert job.container is not None  # noqa: S101 - as for all that gets here
    return bool(launch.commands) and launch.commands != PROGRAM and not job.container.entrypoint


def node(job: Job, environment: Environment, context: Context) -> tuple[str, ...] | None:
    """The words of one node; ``None``: those of the image itself.

    An ``entrypoint`` takes the place of ``sh -c`` (0.2.1 to 0.9.2): all commands are one word for
    it. That of a task has been put in front of its commands before (:data:`PROGRAM`).
    """
    launch = job.launch
    if isinstance(launch, ShellCommands):
        return _commands(job, launch, context)
    words = program(job, environment, context)
    if not job.before and job.nodes == 1:
        return (*words, *launch.args)
    return _in_shell("bash", (*job.before, as_command(words)), job)


def _commands(job: Job, launch: ShellCommands, context: Context) -> tuple[str, ...] | None:
    image, container, args = context.image, job.container, launch.args
    assert image is not None and container is not None  # noqa: PT018, S101 - as above
    commands = (*job.before, *launch.commands)
    if container.entrypoint:
        text = (in_one_shell(commands),) if commands else ()
        return (*container.entrypoint, *text, *args)
    if commands == PROGRAM:
        return args
    if commands:
        return _in_shell(launch.shell, commands, job)
    if args or job.nodes > 1:
        return (*image.entrypoint, *(args or image.command))
    return None


def launcher(job: Job, environment: Environment) -> tuple[str, ...]:
    """What starts the nodes of a job side by side, by the environment's Python or the image's."""
    pythons = dict.fromkeys((str(environment.executable), "python3", "python"))
    text = f"""for python in {shlex.join(pythons)}; do
command -v "$python" >/dev/null && exec "$python" -I -S {shlex.quote(str(LAUNCHER))}
done
echo {shlex.quote(_NO_PYTHON)} >&2
exit {_CANNOT_START}
"""
    return (*_SH, text, job.workflow)


def reading_first(words: Sequence[str], job: Job) -> tuple[str, ...]:
    """The same, with the variables of :data:`PRIVATE_FILE`."""
    return (*_SH, _READ_FIRST, job.workflow, *words)


def _in_shell(shell: str, commands: Sequence[str], job: Job) -> tuple[str, ...]:
    words = (in_one_shell(commands), job.workflow, *job.launch.args)
    if shell == "bash":
        return (*_SH, _BASH_OR_SH, job.workflow, *words)
    return (shell, "-c", *words)
