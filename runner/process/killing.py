"""Sending SIGKILL to the right processes: an id may be a stranger's by the time it is used."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

# descriptors that are open at a time, one for each process that is ended
_AT_ONCE = 100


def kill(pids: set[int], look: Callable[[], set[int]]) -> bool:
    """Send KILL to those that ``look`` still finds once we hold on to them.

    Answers whether any of them could be sent it: those of other users cannot.
    """
    sent = [_send(some, look) for some in _batches(pids)]
    return any(sent)


def hold(pid: int) -> int | None:
    """A descriptor that stands for the process, whoever has its id later."""
    if not hasattr(os, "pidfd_open"):
        return None
    try:
        return os.pidfd_open(pid)
    except OSError:  # it is gone; or a kernel before 5.3, or a sandbox that hides it
        return None


def _send(pids: list[int], look: Callable[[], set[int]]) -> bool:
    held = {pid: hold(pid) for pid in pids}
    try:
        still = look()
        sent = False
        for pid, descriptor in held.items():
            if pid in still:
                with suppress(ProcessLookupError, PermissionError):
                    if descriptor is None:
                        os.kill(pid, signal.SIGKILL)
                    else:
                        signal.pidfd_send_signal(descriptor, signal.SIGKILL)
                    sent = True
        return sent
    finally:
        for descriptor in held.values():
            if descriptor is not None:
                os.close(descriptor)


def _batches(pids: set[int]) -> Iterator[list[int]]:
    left = sorted(pids)
    for start in range(0, len(left), _AT_ONCE):
        yield left[start : start + _AT_ONCE]
