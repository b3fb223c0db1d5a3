"""What keeps a lease though it inherits no descriptor: a control group, or a container.

Keepers are named in files that their user wrote, so nothing is done for them but harmless
questions: a group is looked for below ``/sys/fs/cgroup`` only, and a socket is asked only if it
belongs to root or to that user.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

_GROUPS = Path("/sys/fs/cgroup")
_CONTAINER = re.compile(r"container:(/[^#]+)#([0-9a-f]{12,64})")


def lives(keeper: str, uid: int) -> bool:
    """Whether a keeper that a user named still keeps.

    What gives no answer does; what is no keeper does not.
    """
    kind, _, where = keeper.partition(":")
    if kind == "cgroup":
        return _is_populated(where)
    found = _CONTAINER.fullmatch(keeper)
    if found is None:
        return False
    from runner.allocation.locks.containers import runs  # loads sockets

    return runs(found[1], found[2], uid)


def _is_populated(where: str) -> bool:
    """Whether there is a process in a control group, or in one below it."""
    path = Path(where)
    if ".." in path.parts or _GROUPS not in path.parents:
        return False
    try:
        events = (path / "cgroup.events").read_text("ascii")
    except FileNotFoundError:  # version 1, or gone
        return _has_processes(path)
    except OSError:
        return True
    return "populated 1" in events.splitlines()


def _has_processes(path: Path) -> bool:
    for folder, _, files in os.walk(path):
        if "cgroup.procs" not in files:
            continue
        try:
            with open(os.path.join(folder, "cgroup.procs"), "rb") as file:
                if file.read(1):
                    return True
        except FileNotFoundError:
            continue
        except OSError:
            return True
    return False
