"""Reading the machine as a whole."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import reduce
from pathlib import Path
from typing import TYPE_CHECKING

from runner.allocation.inventory import Inventory, Limited
from runner.allocation.reading.cores import cores
from runner.allocation.reading.memory import memory, shared_memory
from runner.allocation.reading.nodes import nodes
from runner.allocation.reading.roots import ROOTS
from runner.allocation.reading.visible import visible
from runner.envvars import CUDA_VISIBLE_DEVICES
from runner.process.quotas import allowance

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from runner.allocation.inventory import Gpu
    from runner.allocation.limits.rules import Rules
    from runner.allocation.reading.roots import Roots
    from runner.spec.workflow import Resources

    Look = Callable[[], tuple[Gpu, ...] | str]


def read(
    wanted: Resources,
    variables: Mapping[str, str],
    look: Look,
    rules: Sequence[Rules] = (),
    roots: Roots = ROOTS,
) -> Inventory:
    """Look at the machine; GPUs only when some are wanted, as asking for them takes a while.

    ``variables`` are the caller's, ``look`` asks for the GPUs, ``rules`` are applied one after the
    other. The caller's CUDA_VISIBLE_DEVICES comes last: what it does not name is not given to
    anybody else instead.

    Raises:
        WfError: kind ``UNSATISFIABLE`` when the rules leave no core.
    """
    allowed = allowance(Path(roots.proc, "self"))
    found = cores(roots, allowed.quota, os.uname().nodename)
    there = memory(allowed.memory)
    gpus = () if wanted.gpu is None else look()
    machine = Inventory(
        cores=found.numbers,
        memory=there.bytes,
        gpus=() if isinstance(gpus, str) else gpus,
        no_gpus=gpus if isinstance(gpus, str) else None,
        shared_memory=shared_memory(roots),
        numa=nodes(roots),
        limits=(*found.limits, *there.limits),
    )
    if rules:
        from runner.allocation.limits.rules import narrowed

        machine = reduce(narrowed, rules, machine)
    ceiling = variables.get(CUDA_VISIBLE_DEVICES)
    return machine if ceiling is None else _below(machine, ceiling)


def _below(machine: Inventory, ceiling: str) -> Inventory:
    """What the caller's own CUDA_VISIBLE_DEVICES leaves."""
    kept = visible(machine.gpus, ceiling)
    if kept == machine.gpus:
        return machine
    said = f"{CUDA_VISIBLE_DEVICES} is set to `{ceiling}`, which hides every GPU"
    narrower = len(kept) < len(machine.gpus)
    limits = (Limited("gpu", len(machine.gpus), CUDA_VISIBLE_DEVICES),) if narrower else ()
    return replace(
        machine, gpus=kept, no_gpus=None if kept else said, limits=(*machine.limits, *limits)
    )
