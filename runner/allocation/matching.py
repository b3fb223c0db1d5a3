"""Fitting a request to a machine: what could serve it, and what is short. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.units import amount, count

if TYPE_CHECKING:
    from runner.allocation.inventory import Gpu, Inventory
    from runner.spec.workflow import GpuRequest, Resources


class Shortage(NamedTuple):
    """Why a machine can never serve a request. ``key`` is the resource at fault."""

    key: str
    asked: str
    there: str


class Choice(NamedTuple):
    """The devices of one grant. ``cores`` is ``None`` when no number was asked for."""

    cores: tuple[int, ...] | None
    gpus: tuple[Gpu, ...]


def shortage(asked: Resources, machine: Inventory) -> Shortage | None:
    """What this machine lacks for ``asked``, were nobody else using it; ``None``: nothing."""
    if asked.cpu is not None and asked.cpu > len(machine.cores):
        return Shortage("cpu", count(asked.cpu, "core"), count(len(machine.cores), "core"))
    if asked.memory is not None and asked.memory > machine.memory:
        return Shortage("memory", f"{amount(asked.memory)} of memory", amount(machine.memory))
    if asked.gpu is not None and len(_suitable(asked.gpu, machine)) < asked.gpu.count:
        return Shortage("gpu", _gpus_asked(asked.gpu), _gpus_there(machine))
    return None


def choose(asked: Resources, machine: Inventory, taken: frozenset[str]) -> Choice | None:
    """Devices for ``asked`` among those not ``taken`` (see :func:`device_name`); all or nothing."""
    cores = tuple(core for core in machine.cores if core_name(core) not in taken)
    if asked.cpu is not None and len(cores) < asked.cpu:
        return None
    gpus: tuple[Gpu, ...] = ()
    if asked.gpu is not None:
        free = [
            gpu
            for gpu in _suitable(asked.gpu, machine)
            if gpu_name(gpu) not in taken and not gpu.busy
        ]
        if len(free) < asked.gpu.count:
            return None
        gpus = tuple(free[: asked.gpu.count])
    return Choice(None if asked.cpu is None else cores[: asked.cpu], gpus)


def core_name(core: int) -> str:
    """The name a core is leased under."""
    return f"cpu-{core}"


def gpu_name(gpu: Gpu) -> str:
    """The name a GPU is leased under; its index may change, its UUID does not."""
    return f"gpu-{gpu.uuid}"


def device_names(choice: Choice) -> tuple[str, ...]:
    """Every device of a choice, in an order that all runs share."""
    cores = (core_name(core) for core in choice.cores or ())
    return tuple(sorted([*cores, *(gpu_name(gpu) for gpu in choice.gpus)]))


def _suitable(asked: GpuRequest, machine: Inventory) -> list[Gpu]:
    return [
        gpu
        for gpu in machine.gpus
        if (not asked.names or any(is_called(gpu, name) for name in asked.names))
        and (asked.memory is None or gpu.memory >= asked.memory)
    ]


def is_called(gpu: Gpu, name: str) -> bool:
    """``V100`` is a Tesla V100-SXM2-16GB; but ``A10`` is no A100, and ``L4`` no L40S.

    Blanks and dashes may be left out: ``RTX4090`` is a GeForce RTX 4090.
    """
    import re

    letters = r"[\s-]*".join(map(re.escape, re.sub(r"[\s-]+", "", name.lower())))
    whole = rf"(?<![a-z0-9]){letters}(?![a-z0-9])"
    return re.search(whole, gpu.name.lower()) is not None


def _gpus_asked(asked: GpuRequest) -> str:
    said = count(asked.count, f"{asked.named} GPU" if asked.named else "GPU")
    if asked.memory is not None:
        said += f" with at least {amount(asked.memory)}"
    return said


def _gpus_there(machine: Inventory) -> str:
    if not machine.gpus:
        return f"no GPU ({machine.no_gpus})" if machine.no_gpus else "no GPU"
    return ", ".join(f"{gpu.name} with {amount(gpu.memory)}" for gpu in machine.gpus)
