"""The cores that this process may use."""

from __future__ import annotations

import os


def granted() -> int:
    """How many cores there are for this process: under `wf`, those that the job was granted.

    Where the system does not say (macOS), all that the machine has.
    """
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
