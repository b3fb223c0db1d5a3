"""The notice that a job is about to end: to those of its processes that want to hear of it."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.process import tree

if TYPE_CHECKING:
    from collections.abc import Iterable

_CAUGHT = b"SigCgt:"


def give_notice(processes: Iterable[int], number: int) -> int:
    """Send the signal to those that have a handler for it; to how many.

    It would end any other. One that was forked by a process with a handler, and executes no program
    of its own, has but a copy of that handler: a worker of a data loader must not write the
    checkpoint that the process above it writes.
    """
    catching = {pid for pid in processes if catches(pid, number)}
    told = 0
    for pid in catching:
        known = tree.stat(pid)
        if known is None or (known.parent in catching and _same_program(known, known.parent)):
            continue
        with suppress(ProcessLookupError, PermissionError):
            os.kill(pid, number)
            told += 1
    return told


def catches(pid: int, number: int) -> bool:
    """Whether a process has a handler for a signal (``SigCgt``, proc(5))."""
    try:
        said = tree.contents(f"/proc/{pid}/status")
    except OSError:
        return False
    for line in said.splitlines():
        if line.startswith(_CAUGHT):
            return bool(int(line[len(_CAUGHT) :], 16) >> (number - 1) & 1)
    return False


def _same_program(child: tree.Stat, parent: int) -> bool:
    above = tree.stat(parent)
    return above is not None and child.layout == above.layout != 0
