"""What the caller's own CUDA_VISIBLE_DEVICES leaves of the GPUs. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.allocation.inventory import Gpu

_WHOLE, _INSTANCE = "GPU-", "MIG-"


def visible(gpus: tuple[Gpu, ...], ceiling: str) -> tuple[Gpu, ...]:
    """The GPUs that a list of indexes and UUIDs, from their start, names.

    CUDA reads the list up to the first entry that names nothing (CUDA C++ Programming Guide,
    "CUDA Environment Variables"). Of a divided GPU that is named as a whole it takes the first
    instance (NVIDIA Multi-Instance GPU User Guide, "CUDA Device Enumeration").
    """
    kept: list[Gpu] = []
    for word in (part.strip() for part in ceiling.split(",")):
        named = [gpu for gpu in gpus if _names(word, gpu)]
        if len({gpu.parent or gpu.uuid for gpu in named}) != 1:
            break
        if len(named) > 1 and word.startswith(_INSTANCE):
            break
        kept += [gpu for gpu in named[:1] if gpu not in kept]
    return tuple(kept)


def _names(word: str, gpu: Gpu) -> bool:
    if word.startswith(_WHOLE):
        return (gpu.parent or gpu.uuid).startswith(word)
    if word.startswith(_INSTANCE):
        return gpu.uuid.startswith(word)
    return word == str(gpu.index)
