"""Fitting a request to a machine: what could serve it, and what is short. Pure."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.matching.topology import best, near_first
from runner.units import amount, count, listed

if TYPE_CHECKING:
    from runner.allocation.inventory import Gpu, Inventory
    from runner.spec.workflow import GpuRequest, Resources


UNIT = 2**20
"""Bytes in a unit of memory, as it is leased."""


class Shortage(NamedTuple):
    """Why a machine can never serve a request. ``key`` is the resource at fault."""

    key: str
    asked: str
    there: str


class Taken(NamedTuple):
    """What is not to be had: held by others, or kept for them. ``memory`` is in units."""

    cores: frozenset[int] = frozenset()
    gpus: frozenset[str] = frozenset()
    memory: int = 0

    def and_also(self, choice: Choice) -> Taken:
        """With one more grant."""
        return Taken(
            self.cores.union(choice.cores or ()),
            self.gpus.union(gpu.uuid for gpu in choice.gpus),
            self.memory + choice.memory,
        )

    def without(self, other: Taken) -> Taken:
        """With something given back."""
        return Taken(
            self.cores - other.cores, self.gpus - other.gpus, max(0, self.memory - other.memory)
        )


class Choice(NamedTuple):
    """The devices of one grant.

    ``cores`` is ``None`` when it has none of its own: neither cores nor GPUs were asked for.
    ``memory`` is in units.
    """

    cores: tuple[int, ...] | None
    gpus: tuple[Gpu, ...]
    memory: int = 0


NOTHING_TAKEN = Taken()


def units(size: int) -> int:
    """How many units of memory a lease takes for so many bytes."""
    return -(-size // UNIT)


def fair_share(asked: Resources, machine: Inventory) -> int | None:
    """How many cores a request should have: those it asks for, else the share of its GPUs.

    ``None``: it asks for neither, and shares what is there with everybody.
    """
    if asked.cpu is not None or asked.gpu is None:
        return asked.cpu
    return max(1, len(machine.cores) * asked.gpu.count // max(len(machine.gpus), 1))


def fewest_cores(asked: Resources) -> int:
    """How many cores it does not start without: a share may be smaller than is fair."""
    if asked.cpu is not None:
        return asked.cpu
    return 0 if asked.gpu is None else 1


def shortage(asked: Resources, machine: Inventory) -> Shortage | None:
    """What this machine lacks for ``asked``, were nobody else using it; ``None``: nothing."""
    if asked.cpu is not None and asked.cpu > len(machine.cores):
        there = count(len(machine.cores), "core") + _limited("cpu", machine)
        return Shortage("cpu", count(asked.cpu, "core"), there)
    if asked.memory is not None and units(asked.memory) > machine.memory // UNIT:
        there = amount(machine.memory) + _limited("memory", machine)
        return Shortage("memory", f"{amount(asked.memory)} of memory", there)
    if asked.gpu is not None and len(suitable(asked.gpu, machine)) < asked.gpu.count:
        return Shortage("gpu", gpus_asked(asked.gpu), _gpus_there(machine))
    shared = machine.shared_memory
    if asked.shm_size is not None and shared is not None and asked.shm_size > shared:
        return Shortage("shm_size", f"{amount(asked.shm_size)} of shared memory", amount(shared))
    return None


def reduced(asked: Resources, nodes: int, machine: Inventory) -> Resources:
    """The same with no more than each of so many nodes can have here, but one core at least.

    Shared memory is left as it is: more of it can be made.
    """
    gpu, cpu, memory = asked.gpu, asked.cpu, asked.memory
    if gpu is not None:
        there = min(gpu.count, len(suitable(gpu, machine)) // nodes)
        gpu = replace(gpu, count=there) if there else None
    if cpu is not None:
        cpu = min(cpu, max(1, len(machine.cores) // nodes))
    if memory is not None:
        memory = min(memory, machine.memory // UNIT // nodes * UNIT)
    return replace(asked, cpu=cpu, memory=memory, gpu=gpu)


def choose(asked: Resources, machine: Inventory, taken: Taken) -> Choice | None:
    """Devices for ``asked`` among those not ``taken``; all or nothing.

    A GPU that a process outside wf computes on is not to be had. GPUs that others use least come
    first, then such as are close to each other, then the first; cores near them come first.
    """
    cores = [core for core in machine.cores if core not in taken.cores]
    if len(cores) < fewest_cores(asked):
        return None
    memory = units(asked.memory or 0)
    if memory > free_memory(machine, taken):
        return None
    gpus: tuple[Gpu, ...] = ()
    if asked.gpu is not None:
        free = free_gpus(asked.gpu, machine, taken)
        if len(free) < asked.gpu.count:
            return None
        gpus = best(free, asked.gpu.count, machine)
    share = fair_share(asked, machine)
    chosen = None if share is None else near_first(cores, gpus, machine)[:share]
    return Choice(chosen and tuple(sorted(chosen)), gpus, memory)


def short_of(asked: Resources, machine: Inventory, taken: Taken) -> str:
    """What is not free of what is asked for: ``4 GPUs (1 free)``; empty: nothing."""
    lacking = []
    cores, fewest = sum(core not in taken.cores for core in machine.cores), fewest_cores(asked)
    if cores < fewest:
        lacking.append(f"{count(fewest, 'core')} ({cores} free)")
    if asked.gpu is not None:
        gpus = len(free_gpus(asked.gpu, machine, taken))
        if gpus < asked.gpu.count:
            lacking.append(f"{gpus_asked(asked.gpu)} ({gpus} free)")
    memory = free_memory(machine, taken)
    if asked.memory is not None and units(asked.memory) > memory:
        lacking.append(f"{amount(asked.memory)} of memory ({amount(memory * UNIT)} free)")
    return listed(lacking)


def free_memory(machine: Inventory, taken: Taken) -> int:
    """In units."""
    return max(0, machine.memory // UNIT - taken.memory)


def free_gpus(asked: GpuRequest, machine: Inventory, taken: Taken) -> list[Gpu]:
    """The GPUs that would do and are to be had."""
    return [gpu for gpu in suitable(asked, machine) if gpu.uuid not in taken.gpus and not gpu.busy]


def suitable(asked: GpuRequest, machine: Inventory) -> list[Gpu]:
    """The GPUs that would do, whoever has them."""
    return [
        gpu
        for gpu in machine.gpus
        if (not asked.names or any(is_called(gpu, name) for name in asked.names))
        and (asked.memory is None or gpu.memory >= asked.memory)
        and (asked.most_memory is None or gpu.memory <= asked.most_memory)
        and (not asked.among or gpu.uuid in asked.among)
    ]


def limited(asked: Resources, machine: Inventory) -> Resources:
    """The request with the GPUs that may serve it, where limits leave out some.

    Others, for whom those limits do not hold, could not tell what it waits for.
    """
    if asked.gpu is None or all(limit.key != "gpu" for limit in machine.limits):
        return asked
    return replace(asked, gpu=replace(asked.gpu, among=tuple(gpu.uuid for gpu in machine.gpus)))


def is_called(gpu: Gpu, name: str) -> bool:
    """``V100`` is a Tesla V100-SXM2-16GB; but ``A10`` is no A100, and ``L4`` no L40S.

    Blanks and dashes may be left out: ``RTX4090`` is a GeForce RTX 4090.
    """
    import re

    letters = r"[\s-]*".join(map(re.escape, re.sub(r"[\s-]+", "", name.lower())))
    whole = rf"(?<![a-z0-9]){letters}(?![a-z0-9])"
    return re.search(whole, gpu.name.lower()) is not None


def gpus_asked(asked: GpuRequest) -> str:
    """The request in words: ``2 A100 GPUs with at least 40 GB``."""
    said = count(asked.count, f"{asked.named} GPU" if asked.named else "GPU")
    if asked.memory is not None and asked.most_memory is not None:
        return f"{said} with {amount(asked.memory)} to {amount(asked.most_memory)}"
    if asked.memory is not None:
        return f"{said} with at least {amount(asked.memory)}"
    if asked.most_memory is not None:
        return f"{said} with at most {amount(asked.most_memory)}"
    return said


def _gpus_there(machine: Inventory) -> str:
    if not machine.gpus:
        return (
            f"no GPU ({machine.no_gpus})"
            if machine.no_gpus
            else f"no GPU{_limited('gpu', machine)}"
        )
    names = Counter(f"{gpu.name} with {amount(gpu.memory)}" for gpu in machine.gpus)
    there = (name if many == 1 else f"{many} {name} each" for name, many in names.items())
    return ", ".join(there) + _limited("gpu", machine)


def _limited(key: str, machine: Inventory) -> str:
    """What there would be more of, and what keeps wf from it."""
    limits = [limit for limit in machine.limits if limit.key == key]
    if not limits:
        return ""
    there = max(limit.there for limit in limits)
    said = amount(there) if key == "memory" else str(there)
    return f" (of {said}: by {listed([limit.by for limit in limits])})"
