"""What the probe has answered -> GPUs, with what the system itself knows of them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from runner.allocation.inventory import Gpu, Load
from runner.allocation.reading.processes import occupant
from runner.allocation.reading.roots import line

if TYPE_CHECKING:
    from runner.allocation.reading.roots import Roots

# of a GPU, or of an instance of one; older drivers call the latter MIG-GPU-…/1/0
_UUID = re.compile(r"[A-Za-z0-9][A-Za-z0-9/-]{0,95}")
_BUS = re.compile(r"([0-9a-f]{4,8}):([0-9a-f]{2}:[0-9a-f]{2}\.[0-9a-f])")
_NONSENSE = "the NVIDIA driver does not answer: what it says makes no sense"
_PERCENT = 100
_NODE = re.compile(r"[0-9]{1,4}")


def read(answer: object, roots: Roots) -> tuple[Gpu, ...] | str:
    """The GPUs of an answer to ``look``, or why there are none."""
    try:
        found = answer["look"]  # type: ignore[index]
        gpus = {one["uuid"]: _gpu(one, roots) for one in reversed(found)}
    except (LookupError, TypeError, ValueError, AttributeError):
        return _NONSENSE
    return tuple(reversed(gpus.values()))


def loads(answer: object) -> dict[str, Load]:
    """The loads of an answer to ``sample``, by UUID."""
    try:
        found = answer["sample"]  # type: ignore[index]
        return {uuid: _load(*said) for uuid, said in found.items()}
    except (LookupError, TypeError, ValueError, AttributeError):
        return {}


def _gpu(said: dict[str, Any], roots: Roots) -> Gpu:
    if not _UUID.fullmatch(said["uuid"]):
        raise ValueError(said["uuid"])
    return Gpu(
        uuid=said["uuid"],
        index=int(said["index"]),
        name="".join(letter for letter in said["name"] if letter.isprintable()),
        memory=int(said["memory"]),
        busy=tuple(occupant(int(pid), memory, roots.proc) for pid, memory in said["busy"]),
        used=int(said["used"]),
        capability=_pair(said["capability"]),
        numa=_numa(said["bus"], roots.sys),
        links=tuple(said["links"]),
        parent=said["parent"],
    )


def _load(percent: int | None, used: int | None) -> Load:
    return Load(None if percent is None else min(max(percent / _PERCENT, 0.0), 1.0), used)


def _pair(said: list[int] | None) -> tuple[int, int] | None:
    return None if said is None else (int(said[0]), int(said[1]))


def _numa(bus: str | None, sys: str) -> int | None:
    """The memory node that a PCI device is close to; -1 where there is but one (sysfs-bus-pci)."""
    found = _BUS.fullmatch(bus or "")
    if found is None:
        return None
    # NVML writes the domain with eight digits, sysfs with four unless it needs more
    node = line(f"{sys}/bus/pci/devices/{int(found[1], 16):04x}:{found[2]}/numa_node")
    return int(node) if node is not None and _NODE.fullmatch(node) else None
