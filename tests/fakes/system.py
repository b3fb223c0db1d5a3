"""Small trees in the place of /proc and /sys."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.allocation.reading.roots import Roots

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path


# cgroup2fs, and the controllers of version 1 with the options that they are mounted with
_CONTROLLERS = {"cpu,cpuacct": "rw,cpu,cpuacct", "memory": "rw,memory"}
_BESIDE = ("unified", *_CONTROLLERS)


def system(folder: Path, files: Mapping[str, str]) -> Roots:
    """Write files such as ``sys/fs/cgroup/cpu.max``; where they are.

    The trees of control groups count as mounted: that of version 2 at ``sys/fs/cgroup``, or at
    ``unified`` in it beside those of version 1, which are at ``memory`` and ``cpu,cpuacct``.
    """
    groups = folder / "sys" / "fs" / "cgroup"
    beside = any(path.startswith(f"sys/fs/cgroup/{name}/") for path in files for name in _BESIDE)
    mounts = [(groups / "unified" if beside else groups, "cgroup2", "rw")]
    mounts += [(groups / name, "cgroup", options) for name, options in _CONTROLLERS.items()]
    mountinfo = "".join(
        f"31 23 0:28 / {point} rw - {kind} {kind} {options}\n" for point, kind, options in mounts
    )
    files = {"proc/self/mountinfo": mountinfo, **files}
    for path, text in files.items():
        whole = folder / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        whole.write_text(text + "\n", encoding="utf-8")
    return Roots(str(folder / "proc"), str(folder / "sys"), str(folder / "shm"))
