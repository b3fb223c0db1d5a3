"""File systems that are mounted within a workspace: what is on them cannot be moved off."""

from __future__ import annotations

import os
import re

# what a space, a tab, a newline or a backslash in a path is written as (proc_pid_mountinfo(5))
_ESCAPED = re.compile(rb"\\([0-7]{3})")
_MOUNT_POINT = 4


def mounted_below(folder: str) -> frozenset[str]:
    """The places below a folder (a real path) at which something is mounted, as paths below it.

    They are those that this process sees; none where the system does not tell.
    """
    try:
        with open("/proc/self/mountinfo", "rb") as file:
            lines = file.read().splitlines()
    except OSError:
        return frozenset()
    begin = f"{folder.rstrip('/')}/"
    points = (_path(line.split(b" ")[_MOUNT_POINT]) for line in lines)
    return frozenset(point[len(begin) :] for point in points if point.startswith(begin))


def _path(written: bytes) -> str:
    return os.fsdecode(_ESCAPED.sub(lambda found: bytes([int(found[1], 8)]), written))
