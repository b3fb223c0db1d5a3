"""Reading the machine as a whole."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.allocation.inventory import Inventory, Limited
from runner.allocation.reading.cores import cores
from runner.allocation.reading.memory import memory, shared_memory
from runner.allocation.reading.nodes import nodes
from runner.allocation.reading.roots import ROOTS
from runner.allocation.reading.visible import visible
from runner.envvars import CUDA_VISIBLE_DEVICES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.allocation.inventory import Gpu
    from runner.allocation.reading.roots import Roots
    from runner.spec.workflow import Resources

    Look = Callable[[], tuple[Gpu, ...] | str]


def read(
    wanted: Resources, variables: Mapping[str, str], look: Look, roots: Roots = ROOTS
) -> Inventory:
    """Look at the machine; GPUs only when some are wanted, as asking for them takes a while.

    ``variables`` are the caller's, ``look`` asks for the GPUs.
    """
    found, there = cores(roots, os.uname().nodename), memory(roots)
    gpus, reason, limits = ((), None, ()) if wanted.gpu is None else _gpus(look, variables)
    return Inventory(
        cores=found.numbers,
        memory=there.bytes,
        gpus=gpus,
        no_gpus=reason,
        shared_memory=shared_memory(roots),
        numa=nodes(roots),
        limits=(*found.limits, *there.limits, *limits),
    )


def _gpus(
    look: Look, variables: Mapping[str, str]
) -> tuple[tuple[Gpu, ...], str | None, tuple[Limited, ...]]:
    """The GPUs, or why there are none, and what limits them."""
    found = look()
    ceiling = variables.get(CUDA_VISIBLE_DEVICES)
    if isinstance(found, str):
        return (), found, ()
    if ceiling is None or not found:
        return found, None, ()
    kept = visible(found, ceiling)
    said = f"{CUDA_VISIBLE_DEVICES} is set to `{ceiling}`, which hides every GPU"
    limits = (Limited("gpu", len(found), CUDA_VISIBLE_DEVICES),) if len(kept) < len(found) else ()
    return kept, None if kept else said, limits
