"""The memory that this process may use."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.inventory import Limited

if TYPE_CHECKING:
    from runner.allocation.reading.roots import Roots


class Memory(NamedTuple):
    """An amount in bytes, and what limits it."""

    bytes: int
    limits: tuple[Limited, ...] = ()


def memory(limit: int | None) -> Memory:
    """What is built in, or the ``limit`` of a control group if that is less; in bytes."""
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if limit is None or limit >= physical:
        return Memory(physical)
    return Memory(limit, (Limited("memory", physical, "a limit of its control group"),))


def shared_memory(roots: Roots) -> int | None:
    """The size of the file system that shared memory lives in, in bytes."""
    try:
        found = os.statvfs(roots.shared)
    except OSError:
        return None
    return found.f_blocks * found.f_frsize
