"""The end of a process that does not listen, with all below it."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

from runner.process import tree

if TYPE_CHECKING:
    from collections.abc import Callable

_ROUNDS = 20


def halted(pid: int) -> bool:
    """Whether it was told to stand still (SIGSTOP, or by a debugger)."""
    known = tree.stat(pid)
    return known is not None and known.state in {"T", "t"}


def end_with_all_below(pid: int, before: Callable[[], None]) -> None:
    """Send SIGKILL to a process and to all that it has started.

    It stands still meanwhile, so that it neither starts more nor takes note of what ends; what has
    to be done while it does is ``before``. Processes it has inherited are below it, too.

    Raises:
        PermissionError: it belongs to another user.
    """
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
    before()
    for _ in range(_ROUNDS):
        left = {one for one in tree.below(pid) if tree.alive(one)}
        if not left:
            break
        for one in left:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(one, signal.SIGKILL)
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)
