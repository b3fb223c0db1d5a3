"""What the control groups that this process is in allow it: processor time and memory.

Limits hold for a group with everything below it, so all groups on the way from the root to ours
are asked, in both versions (cgroups(7); Linux "Control Group v2", "cpu.max" and "memory.max").
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

# where a system mounts the hierarchy of version 2: alone, or beside those of version 1
_MOUNTS_2 = ("fs/cgroup", "fs/cgroup/unified")
_MOUNTS_1 = "fs/cgroup"
_MOST = 1 << 14
_NUMBER = re.compile(r"[0-9]{1,20}")


class Quota(NamedTuple):
    """The processors that a control group may use at once, and the group's path."""

    cores: float
    group: str


class MemoryLimit(NamedTuple):
    """The memory that a control group may use, in bytes, and the group's path."""

    bytes: int
    group: str


def cpu_quota(proc: str = "/proc", sys: str = "/sys") -> Quota | None:
    """The least quota on the way to our group; ``None`` without one."""
    groups = _own(proc)
    found = [
        quota
        for folder, group in _folders(groups, "cpu", sys)
        for quota in (_quota_2(folder, group), _quota_1(folder, group))
        if quota is not None
    ]
    return min(found, default=None)


def memory_limit(proc: str = "/proc", sys: str = "/sys") -> MemoryLimit | None:
    """The least limit on the way to our group; ``None`` without one.

    Version 1 says so by a number larger than any memory.
    """
    groups = _own(proc)
    found = [
        MemoryLimit(number, group)
        for folder, group in _folders(groups, "memory", sys)
        for name in ("memory.max", "memory.limit_in_bytes")
        if (number := _number(f"{folder}/{name}")) is not None and number > 0
    ]
    return min(found, default=None)


def _own(proc: str) -> dict[str, tuple[str, str]]:
    """For each controller, its hierarchy and our group in it; version 2 is called ``""``."""
    found: dict[str, tuple[str, str]] = {}
    for row in (_text(f"{proc}/self/cgroup") or "").splitlines():
        hierarchy, _, group = row.partition(":")[2].partition(":")
        for controller in hierarchy.split(","):
            found[controller] = (hierarchy, group)
    return found


def _folders(
    groups: dict[str, tuple[str, str]], controller: str, sys: str
) -> Iterator[tuple[str, str]]:
    """The folders of all groups on our way that a controller may be found in, with their paths."""
    _, group = groups.get("", ("", "/"))
    for mount in _MOUNTS_2:
        yield from _way(f"{sys}/{mount}", group)
    hierarchy, group = groups.get(controller, (controller, "/"))
    for name in dict.fromkeys((controller, hierarchy)):
        yield from _way(f"{sys}/{_MOUNTS_1}/{name}", group)


def _way(mount: str, group: str) -> Iterator[tuple[str, str]]:
    """From the root to a group.

    Within a container the mount often shows our own group as the root, while the path is the one
    from outside: then it leads nowhere, and the root is all there is.
    """
    yield mount, "/"
    steps = [step for step in group.split("/") if step]
    if ".." in steps:  # a group outside the namespace
        return
    for end in range(1, len(steps) + 1):
        path = "/" + "/".join(steps[:end])
        yield mount + path, path


def _quota_2(folder: str, group: str) -> Quota | None:
    limit, _, period = (_text(f"{folder}/cpu.max") or "").partition(" ")
    return _quota(limit, period, group)


def _quota_1(folder: str, group: str) -> Quota | None:
    limit = _text(f"{folder}/cpu.cfs_quota_us")
    return None if limit is None else _quota(limit, _text(f"{folder}/cpu.cfs_period_us"), group)


def _quota(limit: str, period: str | None, group: str) -> Quota | None:
    """``max`` (version 2) and -1 (version 1) stand for no quota."""
    if not _NUMBER.fullmatch(limit) or not _NUMBER.fullmatch(period or ""):
        return None
    time, of = int(limit), int(period or 0)
    return Quota(time / of, group) if time > 0 and of > 0 else None


def _number(path: str) -> int | None:
    said = _text(path)
    return int(said) if said is not None and _NUMBER.fullmatch(said) else None


def _text(path: str) -> str | None:
    try:
        with open(path, encoding="ascii", errors="replace") as file:
            return file.read(_MOST).strip()
    except OSError:
        return None
