"""Which GPUs belong together, and which cores are near them. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from runner.allocation.inventory import Gpu, Inventory

# an idle card of one model reports a few megabytes more than the next
_SAME_USE = 256 * 2**20


def best(free: Sequence[Gpu], number: int, machine: Inventory) -> tuple[Gpu, ...]:
    """``number`` of the ``free`` GPUs: those that others use least, then close ones, then first.

    Close are GPUs that links join, on one memory node; then joined ones; then those of one node.
    The order of any two choices depends on nothing else that is free, so what is best remains so
    when something else is taken.
    """
    levels = sorted(_level(gpu) for gpu in free)
    if number < 1 or len(levels) < number:
        return ()
    bound = levels[number - 1]
    sure = [gpu for gpu in free if _level(gpu) < bound]
    tied = [gpu for gpu in free if _level(gpu) == bound]
    groups = _groups(machine.gpus)
    found = [
        (tier, chosen)
        for tier, pool in _pools(free, groups)
        if (chosen := _first(sure, tied, number, pool)) is not None
    ]
    return min(found, key=lambda one: (one[0], [gpu.index for gpu in one[1]]))[1]


def near_first(cores: Iterable[int], gpus: Sequence[Gpu], machine: Inventory) -> tuple[int, ...]:
    """The cores, those on a memory node of the GPUs first."""
    nodes = {gpu.numa for gpu in gpus if gpu.numa is not None}
    near = {core for node in nodes if node < len(machine.numa) for core in machine.numa[node]}
    return tuple(sorted(cores, key=lambda core: (core not in near, core)))


def _level(gpu: Gpu) -> int:
    return gpu.used // _SAME_USE


def _first(
    sure: list[Gpu], tied: list[Gpu], number: int, pool: frozenset[str]
) -> tuple[Gpu, ...] | None:
    """The first GPUs of a pool that are also least used; ``None``: it has not enough of them."""
    inside = sorted((gpu for gpu in tied if gpu.uuid in pool), key=lambda gpu: gpu.index)
    if len(sure) + len(inside) < number or any(gpu.uuid not in pool for gpu in sure):
        return None
    return tuple(sorted([*sure, *inside[: number - len(sure)]], key=lambda gpu: gpu.index))


def _pools(
    free: Sequence[Gpu], groups: dict[str, frozenset[str]]
) -> Iterable[tuple[int, frozenset[str]]]:
    everything = frozenset(gpu.uuid for gpu in free)
    joined = {groups[gpu.uuid] for gpu in free}
    nodes = {frozenset(other.uuid for other in free if other.numa == gpu.numa) for gpu in free}
    yield from ((0, group & node) for group in joined for node in nodes)
    yield from ((1, group) for group in joined)
    yield from ((2, node) for node in nodes)
    yield 3, everything


def _groups(gpus: Sequence[Gpu]) -> dict[str, frozenset[str]]:
    """For each GPU those that links join it with, over any number of others."""
    links: dict[str, set[str]] = {gpu.uuid: set() for gpu in gpus}
    for gpu in gpus:
        for other in gpu.links:
            if other in links:
                links[gpu.uuid].add(other)
                links[other].add(gpu.uuid)
    groups: dict[str, frozenset[str]] = {}
    for start in links:
        if start in groups:
            continue
        seen, ahead = {start}, [start]
        while ahead:
            new = links[ahead.pop()] - seen
            seen |= new
            ahead += new
        groups.update(dict.fromkeys(seen, frozenset(seen)))
    return groups
