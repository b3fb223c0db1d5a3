"""What a daemon can do, as it says itself."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Mapping

MEMORY = "memory"
CORES = "cores"
_OF_NVIDIA = b"nvidia.com/gpu"
# where a daemon that does not say it looks for CDI's specifications (CDI, "SPEC.md")
_SPECIFICATIONS = ("/etc/cdi", "/var/run/cdi")
_LARGEST = 1 << 22
# docker's `info` and what wf asks a container to be held to
_LIMITS = {
    "MemoryLimit": MEMORY,
    "CPUSet": CORES,
    "CpuCfsQuota": "quota",
    "PidsLimit": "processes",
}


class Facts(NamedTuple):
    """One daemon.

    ``name`` is its program with the version. ``rootless``: root in a container is its caller.
    ``cdi``: GPUs of NVIDIA can be had by names of the Container Device Interface. ``unlimited`` are
    the limits that it cannot hold a container to.
    """

    name: str
    podman: bool
    rootless: bool
    cdi: bool
    unlimited: tuple[str, ...]


def facts(info: Mapping[str, Any], *, podman: bool) -> Facts:
    """The facts in what ``GET /info`` answers."""
    options = " ".join(info.get("SecurityOptions") or ())
    rootless = "name=rootless" in options or bool(info.get("Rootless"))
    # only the second version of cgroups can be handed to users (cgroups(7), "Delegation")
    helpless = rootless and info.get("CgroupVersion") == "1"
    program = "Podman" if podman else "Docker"
    folders = info.get("CDISpecDirs")
    return Facts(
        name=f"{program} {str(info.get('ServerVersion') or '').partition('+')[0]}".strip(),
        podman=podman,
        rootless=rootless,
        cdi=_has_nvidia(_SPECIFICATIONS if folders is None and podman else folders or ()),
        unlimited=tuple(
            name for key, name in _LIMITS.items() if helpless or info.get(key) is False
        ),
    )


def _has_nvidia(folders: tuple[str, ...]) -> bool:
    for folder in folders:
        with suppress(OSError):
            for name in sorted(os.listdir(folder)):
                if name.endswith((".yaml", ".json")) and _names_nvidia(os.path.join(folder, name)):
                    return True
    return False


def _names_nvidia(path: str) -> bool:
    with suppress(OSError), open(path, "rb") as file:
        return _OF_NVIDIA in file.read(_LARGEST)
    return False
