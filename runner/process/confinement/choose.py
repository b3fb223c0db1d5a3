"""Which way a job is held to its memory here: the first that works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.process.confinement.hierarchy import hierarchies
from runner.process.confinement.watcher import Watcher

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from runner.process.confinement.hierarchy import Hierarchies
    from runner.process.confinement.interface import Confinement


def confine(
    limit: int, env: Mapping[str, str], look: Callable[[], Hierarchies] = hierarchies
) -> Confinement:
    """A way to hold a job with these variables to ``limit`` bytes, made ready for its start.

    The kernel before the watcher, as it lets no moment pass; a group of ours before one of the
    service manager's, as it costs no start of a program.
    """
    for made in _ways(limit, env, look()):
        try:
            return made()
        except OSError:  # not here
            continue
    return Watcher(limit)


def _ways(
    limit: int, env: Mapping[str, str], trees: Hierarchies
) -> Iterator[Callable[[], Confinement]]:
    if trees.unified is not None:
        from runner.process.confinement.scope import Scope
        from runner.process.confinement.unified import UnifiedMemory

        unified = trees.unified
        yield lambda: UnifiedMemory(limit, unified)
        yield lambda: Scope(limit, unified, env)
    if trees.memory is not None:
        from runner.process.confinement.legacy import LegacyMemory

        memory = trees.memory
        yield lambda: LegacyMemory(limit, memory)
