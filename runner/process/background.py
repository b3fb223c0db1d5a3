"""A helper that outlives us and is in nobody's way: what we need not wait for.

It is no daemon: it does one piece of work and ends. Neither the terminal nor a pipe behind us is
its, nor any descriptor we hold.
"""

from __future__ import annotations

import os
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from runner.process.quotas import allowance

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_SHELL = "/bin/sh"
# a shell that ends at once: the helper is nobody's child, and leaves no zombie in ours
_LEAVE = 'exec 3<&0; "$@" <&3 3<&- &'
# more gain little, and each takes memory
_MOST = 8
_NICE = 13  # a weight of 56 against 1024
# of -1000 to 1000 (proc(5)): ended before anything else where memory is short
_ENDED_FIRST = 900


def start(argv: Sequence[str], *, env: Mapping[str, str], cwd: Path, said: BinaryIO) -> None:
    """Start it in a session of its own; ``said`` is the file that it reads.

    Raises:
        OSError: it cannot be started.
    """
    subprocess.run(
        [_SHELL, "-c", _LEAVE, "sh", *argv],
        cwd=cwd,
        env=dict(env),
        stdin=said,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        check=False,
    )


def stand_back() -> None:
    """Take a processor that another process wants for a twentieth of its time at most.

    That is what the kernel makes of it, on the disk as well (sched(7), ioprio_set(2)).
    The idle policy would give less, and nothing at all for hours on a machine that is never idle.
    With autogroups a session competes with others as a whole, whatever the priority of its
    processes; so ours steps back as a whole too.
    """
    with suppress(OSError):
        os.nice(_NICE)
    if hasattr(os, "sched_setscheduler"):
        with suppress(OSError):
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))
    for file, value in (("autogroup", _NICE), ("oom_score_adj", _ENDED_FIRST)):
        with suppress(OSError):
            Path("/proc/self", file).write_text(str(value), encoding="ascii")


def hands() -> int:
    """How many helpers may be at work at once, one at least.

    A container that is granted a share of the machine's processors is stopped when it has used
    that up, and no priority decides who used it: there, half of the share is left alone.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()
    quota = allowance().quota
    allowed = cores or 1
    if quota is not None and quota.cores < allowed:
        allowed = int(quota.cores / 2)
    return max(1, min(allowed, _MOST))
