"""Signals that wait until what is under way has been done."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

HANDLED = (
    signal.SIGINT,
    signal.SIGTERM,
    signal.SIGHUP,
    signal.SIGWINCH,
    signal.SIGQUIT,
    signal.SIGTSTP,
)
"""Those that somebody here has a handler for, which may raise wherever the program is."""


@contextmanager
def signals_held() -> Iterator[set[int]]:
    """Have them wait until the block is left, and arrive then; gives those that waited before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
    try:
        yield before
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
