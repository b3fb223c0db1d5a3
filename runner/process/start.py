"""The start of a job's first process, with all that holds it from its first instruction on.

A child inherits what the thread that starts it has: cores, control group, the order in which
processes are ended when memory is short. Setting it here for the moment of the start needs no code
between fork and exec.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import ExitStack, contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.process.confinement.interface import Confinement
    from runner.process.values import JobCommand

# of -1000 to 1000 (proc(5)): where the machine runs out of memory, a job is ended before the wf
# that tells how it ended. Other runners of jobs use the same number
_ENDED_BEFORE_US = 500
_SCORE = "/proc/self/oom_score_adj"


def start(
    command: JobCommand, output: int, confinement: Confinement | None
) -> subprocess.Popen[bytes]:
    """Start it in a session of its own.

    Raises:
        OSError: it cannot be started.
    """
    argv = command.argv
    if confinement is not None:
        argv = confinement.command(argv, command.env)
    with ExitStack() as stack:
        stack.enter_context(_on(command.cpus))
        stack.enter_context(_ended_first())
        if confinement is not None:
            stack.enter_context(confinement.entered())
        return subprocess.Popen(
            argv,
            cwd=command.cwd,
            env=dict(command.env),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            pass_fds=command.inherit,
        )


@contextmanager
def _on(cpus: frozenset[int] | None) -> Iterator[None]:
    if cpus is None or not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cpus)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _ended_first() -> Iterator[None]:
    """Where the kernel does not let us (or there is no Linux), it stays as it is."""
    before = None
    with suppress(OSError, ValueError):
        with open(_SCORE, "rb", buffering=0) as file:
            own = int(file.read())
        if own < _ENDED_BEFORE_US:
            _score(_ENDED_BEFORE_US)
            before = own
    try:
        yield
    finally:
        if before is not None:
            with suppress(OSError):
                _score(before)


def _score(value: int) -> None:
    with open(_SCORE, "wb", buffering=0) as file:
        file.write(str(value).encode())
