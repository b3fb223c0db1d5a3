"""Where a process stands in the machine's control groups (cgroups(7))."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc/self")
# proc(5): id, parent, device, root, mount point, options, optional fields, -, type, source, options
_MOUNT = re.compile(r"\S+ \S+ \S+ (\S+) (\S+) \S+ .*?- (cgroup2?) \S+ (\S+)")
_CONTROLLERS = frozenset({"memory", "cpu"})
_ESCAPED = re.compile(r"\\([0-7]{3})")


class Hierarchy(NamedTuple):
    """A tree of groups: where its top is mounted, and the group that a process is in."""

    top: Path
    own: Path


class Hierarchies(NamedTuple):
    """The trees that matter here, where there are any: the v2 one, and v1's for memory and CPU."""

    unified: Hierarchy | None = None
    memory: Hierarchy | None = None
    cpu: Hierarchy | None = None


def hierarchies(proc: Path = _PROC, of: Path | None = None) -> Hierarchies:
    """What is mounted, as ``mountinfo`` and ``cgroup`` below ``proc`` tell.

    Where the ``cgroup`` of another process is, below ``of``, it is that one's groups.
    """
    try:
        mounts = (proc / "mountinfo").read_text(encoding="utf-8", errors="surrogateescape")
        groups = ((of or proc) / "cgroup").read_text(encoding="utf-8", errors="surrogateescape")
    except OSError:  # no Linux
        return Hierarchies()
    own: dict[str, str] = {}
    # a name may hold whatever else ends a line
    for line in filter(None, groups.split("\n")):
        controllers, _, path = line.partition(":")[2].partition(":")
        own |= dict.fromkeys(controllers.split(","), path)
    trees: dict[str, Hierarchy | None] = {}
    for line in mounts.split("\n"):
        found = _MOUNT.fullmatch(line)
        if found is None:
            continue
        root, point, kind, options = found.groups()
        # the tree of version 2 has no name
        names = {""} if kind == "cgroup2" else _CONTROLLERS.intersection(options.split(","))
        trees |= {name: _hierarchy(point, root, own[name]) for name in names & own.keys()}
    return Hierarchies(trees.get(""), trees.get("memory"), trees.get("cpu"))


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
