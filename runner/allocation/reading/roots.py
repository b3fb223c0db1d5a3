"""Where the system tells about itself, and reading the small files there."""

from __future__ import annotations

from typing import NamedTuple

# the longest that is read of a file: lists of cores and processes' states are far shorter
_MOST = 1 << 14


class Roots(NamedTuple):
    """The folders that are read: proc(5), sysfs(5), and that of shared memory (shm_overview(7))."""

    proc: str = "/proc"
    sys: str = "/sys"
    shared: str = "/dev/shm"  # noqa: S108 - it is looked at, nothing is written


ROOTS = Roots()


def line(path: str) -> str | None:
    """What a small file says, without blanks around it; ``None`` if it cannot be read."""
    try:
        with open(path, encoding="utf-8", errors="replace") as file:
            return file.read(_MOST).strip()
    except OSError:
        return None
