"""How much of the machine wf may use: what limits files say, applied to what there is. Pure.

A file can only take away. The machine's is applied first, and the user's to what that leaves; so
what a file does not allow is as if it were not there, for whoever comes after.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Generic, TypeVar

from runner.allocation.inventory import Limited
from runner.allocation.lists import in_ranges
from runner.allocation.matching.fitting import is_called
from runner.errors import UNSATISFIABLE, Problem, WfError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.allocation.inventory import Gpu, Inventory
    from runner.errors import Place

T = TypeVar("T")
Device = TypeVar("Device", int, "Gpu")


@dataclass(frozen=True, slots=True)
class Rule(Generic[T]):
    """What a line of a limits file allows, and where it stands."""

    allows: T
    place: Place

    @property
    def by(self) -> str:
        """The file and the line."""
        return f"{self.place.file}:{self.place.line}"


@dataclass(frozen=True, slots=True)
class Rules:
    """What a limits file allows; ``None``: everything.

    A number says how many. Cores are else named by their numbers, GPUs by their indexes, the start
    of their UUIDs or their names. ``memory`` is in bytes. ``turn`` is whose turn it is where a
    number leaves a choice: people with different ones are given different devices, as far as there
    are enough.
    """

    cores: Rule[int | frozenset[int]] | None = None
    memory: Rule[int] | None = None
    gpus: Rule[int | tuple[str, ...]] | None = None
    turn: int = 0


def narrowed(machine: Inventory, rules: Rules) -> Inventory:
    """The machine without what the rules do not allow.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when they leave no core.
    """
    if rules.cores is not None:
        machine = _fewer_cores(machine, rules.cores, rules.turn)
    if rules.memory is not None and rules.memory.allows < machine.memory:
        limit = Limited("memory", machine.memory, rules.memory.by)
        machine = replace(machine, memory=rules.memory.allows, limits=(*machine.limits, limit))
    if rules.gpus is not None and machine.gpus:
        machine = _fewer_gpus(machine, rules.gpus, rules.turn)
    return machine


def _fewer_cores(machine: Inventory, rule: Rule[int | frozenset[int]], turn: int) -> Inventory:
    there, allows = machine.cores, rule.allows
    if isinstance(allows, int):
        kept = _some(there, allows, turn)
    else:
        kept = tuple(core for core in there if core in allows)
    if not kept:
        raise _no_core(rule.place, there)
    if len(kept) == len(there):
        return machine
    limit = Limited("cpu", len(there), rule.by)
    return replace(machine, cores=kept, limits=(*machine.limits, limit))


def _fewer_gpus(machine: Inventory, rule: Rule[int | tuple[str, ...]], turn: int) -> Inventory:
    there, allows = machine.gpus, rule.allows
    if isinstance(allows, int):
        kept = _some(there, allows, turn)
    else:
        kept = tuple(gpu for gpu in there if any(_names(word, gpu) for word in allows))
    if len(kept) == len(there):
        return machine
    limit = Limited("gpu", len(there), rule.by)
    reason = None if kept else f"{rule.by} leaves none of {len(there)}"
    return replace(machine, gpus=kept, no_gpus=reason, limits=(*machine.limits, limit))


def _some(there: Sequence[Device], number: int, turn: int) -> tuple[Device, ...]:
    """So many devices in a row, from where the ``turn`` before ends; in the order they are in."""
    if number >= len(there):
        return tuple(there)
    first = turn * number % len(there)
    places = sorted((first + step) % len(there) for step in range(number))
    return tuple(there[place] for place in places)


def _names(word: str, gpu: Gpu) -> bool:
    """An instance of a divided GPU goes by the index and the UUID of that one, too."""
    if word.isdecimal():
        return int(word) == gpu.index
    if word[:4].upper() in {"GPU-", "MIG-"}:
        start = word.lower()
        return any((uuid or "").lower().startswith(start) for uuid in (gpu.uuid, gpu.parent))
    return is_called(gpu, word)


def _no_core(place: Place, there: tuple[int, ...]) -> WfError:
    message = "this leaves wf no core"
    hint = f"the cores here are {in_ranges(there)}; name some of them, or write how many"
    problem = Problem(message, place=place, hint=hint, code="unsatisfiable")
    return WfError(UNSATISFIABLE, message, problems=(problem,))
