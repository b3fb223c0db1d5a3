"""What devices cost to get, and what a queue for them costs while it stands."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.measure import NotMeasuredError, amount
from benchmarks.world import World

if TYPE_CHECKING:
    from collections.abc import Iterator

    from benchmarks.measure import Effort, Row

_PER_SECOND = "processor time of {number:,} {kind}waiters, in a second"


def leases(effort: Effort) -> Iterator[Row]:
    """On a machine of 64 cores and eight GPUs, made up.

    Acquiring: timed inside a process that does nothing else, a fresh one every time, from the
    request to the lease; the machine has been read. The queue: as many processes as waiters, one
    that holds everything, and what they all take of a processor while nothing changes; then
    releases, each timed until somebody has got devices.
    """
    if not Path("/proc/self/schedstat").exists():
        raise NotMeasuredError("this kernel does not tell what a thread has used")
    with World.make("leases") as world:
        locks = Path(world.variables["WF_LOCKS"])
        for asked in ("one GPU", "everything"):
            found = [
                float(world.inside("acquire", locks, asked)) for _ in range(effort.pairs(20, 8))
            ]
            yield amount("leases", f"taking {asked} of an idle machine", found, "s", 0.005)
        number = 200 if effort.quick else 1_000
        # who is alike starts one after the other, so that each start follows from one release
        for kind, starts in (("", 20), ("mixed ", 1)):
            shutil.rmtree(locks)
            told = world.inside("queue", locks, str(number), str(starts), kind.strip())
            what = _PER_SECOND.format(number=number, kind=kind)
            yield amount("leases", what, [told["cost"]], "s", None)
            what = f"from a release to the next start, {number:,} {kind}waiters"
            yield amount("leases", what, told["delays"], "s", 0.2)
