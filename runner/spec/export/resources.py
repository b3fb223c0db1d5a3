"""The resources of an exported task, in dstack's units and names."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from runner.spec.export.notes import Notes
    from runner.spec.workflow import GpuRequest, Resources

_GPU_MAKERS = frozenset({"nvidia", "tesla", "geforce", "quadro"})


def resources(asked: Resources, notes: Notes) -> dict[str, Any]:
    """The least that is asked for; what a file says without ``..`` is exact there."""
    gpu = asked.gpu
    found = {
        "cpu": asked.cpu and f"{asked.cpu}..",
        "memory": _memory(asked),
        "shm_size": asked.shm_size and _size(asked.shm_size),
        "gpu": gpu and _gpu(gpu, notes),
    }
    return {key: value for key, value in found.items() if value}


def _memory(asked: Resources) -> str | None:
    """From what it asks for to the most that it may have, where the file says that."""
    if not asked.memory and not asked.most_memory:
        return None
    return "..".join(_size(end) if end else "" for end in (asked.memory, asked.most_memory))


def _gpu(asked: GpuRequest, notes: Notes) -> str | int:
    """``name:memory..:count``; the count is exact here and there."""
    parts = []
    if asked.name is not None:
        name = _gpu_name(asked.name)
        if name != asked.name:
            notes.say("resources", f"the GPU's name was {asked.name}")
        parts = [name] if name else []
    if asked.memory is not None or asked.most_memory is not None:
        ends = (asked.memory, asked.most_memory)
        parts.append("..".join("" if end is None else _size(end) for end in ends))
    return ":".join([*parts, str(asked.count)]) if parts else asked.count


def _gpu_name(written: str) -> str:
    """As dstack's catalogue spells it: ``RTX4090`` for a GeForce RTX 4090."""
    words = [word for word in re.split(r"[\s:]+", written) if word.lower() not in _GPU_MAKERS]
    name = re.sub(r"[^A-Za-z0-9]", "", "".join(words))
    return name if name[:1].isalpha() else ""


def _size(amount: int) -> str:
    """An amount of memory in dstack's units, which count in 1024; never less."""
    for unit, steps in (("GB", (2**30, 10**9)), ("MB", (2**20, 10**6))):
        for step in steps:
            if amount % step == 0:
                return f"{amount // step}{unit}"
    return f"{-(-amount // 2**20)}MB"
