"""A job's first process, and how a job ended: values."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from runner.process.confinement.interface import MemoryUse
    from runner.terminal import WindowSize

# between asking a job to stop and ending it
GRACE_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class JobCommand:
    """How a job's first process is started.

    What ``env`` holds may be secret, and is not shown.
    ``cpus`` are the cores it may run on (``None``: all). ``inherit`` are descriptors it and its
    children keep open. With ``terminal`` its output is a pseudo-terminal of that size, and
    ``window`` the file that says another one, later (``terminal.py``). After
    ``max_duration`` seconds it is asked to end (SIGTERM); ``grace`` is how many seconds it has to
    end, whoever asked. With ``notice``, those of its processes that have a handler for SIGUSR1 are
    sent that ahead of the end (:mod:`runner.process.stopping`). ``memory`` is how many bytes all
    its processes may have together.
    """

    argv: tuple[str, ...]
    env: Mapping[str, str] = field(repr=False)
    cwd: Path
    cpus: frozenset[int] | None = None
    inherit: tuple[int, ...] = ()
    terminal: WindowSize | None = None
    window: Path | None = None
    grace: float = GRACE_SECONDS
    max_duration: float | None = None
    memory: int | None = None
    notice: bool = False


@dataclass(frozen=True, slots=True)
class Exit:
    """How a job ended.

    ``code`` or ``signal`` is set, never both. ``asked`` are the signals it was sent by us, in
    order. Times are seconds; ``cpu_seconds`` are those of all its processes. ``peak_memory`` is in
    bytes, of the largest of them.
    ``left_behind`` is how many processes of the job outlived its first one and were ended, and
    ``stuck`` how many could not be. ``log_error``: the log is incomplete, and why. ``limit`` is
    the ``max_duration`` it ran into, in seconds. ``memory`` is what it used of a limit it had.
    ``lost``: how it ended is not known, and why; its code means nothing then.
    """

    code: int | None
    signal: int | None
    asked: tuple[int, ...] = ()
    cpu_seconds: float = 0.0
    peak_memory: int = 0
    left_behind: int = 0
    stuck: int = 0
    log_error: str | None = None
    limit: float | None = None
    memory: MemoryUse | None = None
    lost: str | None = None
