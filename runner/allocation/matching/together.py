"""Which jobs fit on a machine side by side, as far as they say what they need. Pure."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.allocation.matching.fitting import fair_share

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.allocation.inventory import Inventory
    from runner.spec.workflow import Resources


def fit(asked: Sequence[Resources], machine: Inventory, *, share: bool = False) -> bool:
    """Whether all of ``asked`` have room at once.

    A job that asks for GPUs and no cores counts with its fair share of the cores, and one that
    asks for neither with all of them: it was written to have the machine for itself. With
    ``share`` the latter count nothing; somebody has said how many may run beside each other.
    """
    everything = 0 if share else len(machine.cores)
    shares = (fair_share(one, machine) for one in asked)
    cores = sum(everything if one is None else one for one in shares)
    gpus = sum(one.gpu.count for one in asked if one.gpu is not None)
    memory = sum(one.memory or 0 for one in asked)
    return cores <= len(machine.cores) and gpus <= len(machine.gpus) and memory <= machine.memory
