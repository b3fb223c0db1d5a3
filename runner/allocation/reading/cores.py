"""The logical cores that this process may use, and why these."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.inventory import Limited
from runner.allocation.lists import listed
from runner.allocation.reading.roots import line

if TYPE_CHECKING:
    from runner.allocation.reading.roots import Roots
    from runner.process.quotas import Quota


class Cores(NamedTuple):
    """Cores, and what limits them."""

    numbers: tuple[int, ...]
    limits: tuple[Limited, ...] = ()


def cores(roots: Roots, quota: Quota | None, host: str) -> Cores:
    """The cores of the affinity and cpuset of this process, as many as its quota is worth.

    ``host`` is the machine's name.
    """
    allowed = _allowed()
    limits = []
    there = len(listed(line(f"{roots.sys}/devices/system/cpu/online") or "")) or len(allowed)
    if len(allowed) < there:
        limits.append(Limited("cpu", there, "the affinity of this process"))
    if quota is not None and quota.cores < len(allowed):
        limits.append(Limited("cpu", len(allowed), f"a quota of {quota.cores:g} cores"))
        allowed = within(allowed, quota, host)
    return Cores(allowed, tuple(limits))


def within(allowed: tuple[int, ...], quota: Quota, host: str) -> tuple[int, ...]:
    """The cores that a quota is worth, rounded down, one at least.

    Which ones does not matter to the quota, but to others: were they always the first, all the
    containers of a machine would crowd on core 0. So they start where the name of the host and of
    the group that has the quota say, and whoever shares the quota shares the cores.
    """
    from hashlib import blake2b

    digest = blake2b(f"{host}\0{quota.group}".encode(errors="replace"), digest_size=8).digest()
    first = int.from_bytes(digest, "big") % len(allowed)
    turned = allowed[first:] + allowed[:first]
    return tuple(sorted(turned[: max(int(quota.cores), 1)]))


def _allowed() -> tuple[int, ...]:
    """``os.cpu_count`` does not know of affinity and cpusets; the scheduler does."""
    if hasattr(os, "sched_getaffinity"):
        return tuple(sorted(os.sched_getaffinity(0)))
    return tuple(range(os.cpu_count() or 1))
