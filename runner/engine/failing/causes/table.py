"""All rules, the more telling ones first."""

from __future__ import annotations

from runner.engine.failing.causes import (
    commands,
    cuda,
    files,
    libraries,
    memory,
    modules,
    network,
    python,
    ranks,
    training,
    workers,
)

RULES = (
    *workers.RULES,
    *cuda.RULES,
    *modules.RULES,
    *libraries.RULES,
    *files.RULES,
    *ranks.RULES,
    *network.RULES,
    *memory.RULES,
    *python.RULES,
    *training.RULES,
    *commands.RULES,
)
