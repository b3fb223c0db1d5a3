"""What the control groups that this process is in allow it: processor time and memory.

Limits hold for a group with everything below it, so all groups on the way from the top to ours
are asked, in both versions (cgroups(7); Linux "Control Group v2", "cpu.max" and "memory.max").
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from runner.process.confinement.groups import number
from runner.process.confinement.hierarchy import hierarchies

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.process.confinement.hierarchy import Hierarchy

_PROC = Path("/proc/self")
# `max` (version 2) and -1 (version 1) stand for no quota
_QUOTA = re.compile(r"([1-9][0-9]{0,18})\s+([1-9][0-9]{0,18})\s*")


class Quota(NamedTuple):
    """The processors that a control group may use at once, and the group's path."""

    cores: float
    group: str


class Allowance(NamedTuple):
    """The least that a group on the way allows; ``None``: everything. ``memory`` is in bytes."""

    quota: Quota | None
    memory: int | None


def allowance(proc: Path = _PROC) -> Allowance:
    """What our control groups allow; ``proc`` is our folder in /proc."""
    trees = hierarchies(proc)
    quotas = [*_quotas(trees.unified), *_quotas(trees.cpu)]
    limits = [*_limits(trees.unified, "max"), *_limits(trees.memory, "limit_in_bytes")]
    return Allowance(min(quotas, default=None), min(limits, default=None))


def _way(tree: Hierarchy | None) -> Iterator[Path]:
    """The groups from ours to the top."""
    if tree is None:
        return
    folder = tree.own
    while folder != tree.top:
        yield folder
        folder = folder.parent
    yield folder


def _quotas(tree: Hierarchy | None) -> Iterator[Quota]:
    for group in _way(tree):
        said = _text(group / "cpu.max") or (
            f"{_text(group / 'cpu.cfs_quota_us')} {_text(group / 'cpu.cfs_period_us')}"
        )
        found = _QUOTA.fullmatch(said)
        if found is not None and tree is not None:
            yield Quota(int(found[1]) / int(found[2]), f"/{group.relative_to(tree.top)}")


def _limits(tree: Hierarchy | None, name: str) -> Iterator[int]:
    """Version 1 has a number larger than any memory where there is no limit."""
    found = (number(group / f"memory.{name}") for group in _way(tree))
    return (limit for limit in found if limit is not None and limit > 0)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""
