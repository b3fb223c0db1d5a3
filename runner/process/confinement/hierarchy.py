"""Where this process stands in the machine's control groups (cgroups(7))."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc/self")
# proc(5): id, parent, device, root, mount point, options, optional fields, -, type, source, options
_MOUNT = re.compile(r"\S+ \S+ \S+ (\S+) (\S+) \S+ .*?- (cgroup2?) \S+ (\S+)")
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Hierarchy(NamedTuple):
    """A tree of groups: where its top is mounted, and the group that this process is in."""

    top: Path
    own: Path


class Hierarchies(NamedTuple):
    """The trees that matter here, where there are any: the v2 one, and v1's for memory."""

    unified: Hierarchy | None = None
    memory: Hierarchy | None = None


def hierarchies(proc: Path = _PROC) -> Hierarchies:
    """What is mounted, as ``mountinfo`` and ``cgroup`` below ``proc`` tell."""
    try:
        mounts = (proc / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        groups = (proc / "cgroup").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # no Linux
        return Hierarchies()
    own: dict[str, str] = {}
    for line in groups.splitlines():
        _, controllers, path = line.split(":", 2)
        own |= dict.fromkeys(controllers.split(","), path)
    unified = memory = None
    for line in mounts.splitlines():
        found = _MOUNT.fullmatch(line)
        if found is None:
            continue
        root, point, kind, options = found.groups()
        if kind == "cgroup2" and "" in own:
            unified = _hierarchy(point, root, own[""])
        elif kind == "cgroup" and "memory" in own and "memory" in options.split(","):
            memory = _hierarchy(point, root, own["memory"])
    return Hierarchies(unified, memory)


def _hierarchy(point: str, root: str, path: str) -> Hierarchy | None:
    """The tree mounted at ``point``, of which only what is below ``root`` may be seen there."""
    top = Path(_plain(point))
    root = _plain(root).rstrip("/")
    if path != root and not path.startswith(f"{root}/"):  # we are outside of what is mounted
        return None
    own = top / path[len(root) :].strip("/")
    return Hierarchy(top, own) if own.is_dir() else None


def _plain(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 8)), text)
