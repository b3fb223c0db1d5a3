"""Which cores belong to which memory node (NUMA)."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING

from runner.allocation.lists import listed
from runner.allocation.reading.roots import line

if TYPE_CHECKING:
    from runner.allocation.reading.roots import Roots

# a kernel counts to 1024 at most (CONFIG_NODES_SHIFT)
_NODE = re.compile(r"node(0|[1-9][0-9]{0,3})")


def nodes(roots: Roots) -> tuple[tuple[int, ...], ...]:
    """The cores of node 0, of node 1 and so on; empty where that is not known.

    A node without cores, or a number that no node has, has none (Linux
    ``Documentation/ABI/stable/sysfs-devices-node``).
    """
    folder = f"{roots.sys}/devices/system/node"
    try:
        names = os.listdir(folder)
    except OSError:
        return ()
    found = {
        int(name.removeprefix("node")): listed(line(f"{folder}/{name}/cpulist") or "")
        for name in names
        if _NODE.fullmatch(name)
    }
    return tuple(found.get(number, ()) for number in range(max(found, default=-1) + 1))
