"""Memory held by a group of v1's tree for memory (the kernel's ``cgroup-v1/memory.rst``)."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from runner.process.confinement import groups
from runner.process.confinement.interface import Look, MemoryUse

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from runner.process.confinement.hierarchy import Hierarchy

NAME = "cgroup v1"
_LOOK_AGAIN_SECONDS = 3600.0


class LegacyMemory:
    """A group with a limit, below the one that this process is in: what holds us holds it too.

    Only the process that the kernel picks is ended when there is no more; v1 has no word for all.
    """

    name = NAME
    unified = False
    group: Path | None = None

    def __init__(self, limit: int, tree: Hierarchy) -> None:
        """Make it.

        Raises:
            OSError: none can be made here.
        """
        self._limit = limit
        self._over = False
        self._home = tree.own
        self._folder = groups.make(tree.own)
        try:
            self._allow(max(limit, groups.ROOM))
            with self.entered():
                pass  # the kernel says now whether it lets us
        except OSError:
            self.close()
            raise

    def command(self, argv: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:  # noqa: ARG002 - the protocol's
        """As it is."""
        return argv

    def entered(self) -> AbstractContextManager[None]:
        """We are in it meanwhile."""
        return groups.visit(self._folder, self._home)

    def began(self, pid: int) -> None:  # noqa: ARG002 - the protocol's
        """We have left the group: from now on a limit that is too small for us is one for it."""
        if self._limit < groups.ROOM:
            try:
                self._allow(self._limit)
            except OSError:  # it has more already
                self._over = True

    def look(self, processes: Callable[[], set[int]]) -> Look:  # noqa: ARG002 - the protocol's
        """The kernel needs nobody, but for a limit that was passed before it was set."""
        return Look(_LOOK_AGAIN_SECONDS, self._over)

    def used(self) -> MemoryUse:
        """As the kernel counted."""
        killed = int(self._over)
        with suppress(OSError):
            killed += groups.counter(self._folder / "memory.oom_control", "oom_kill")
        peak = groups.number(self._folder / "memory.max_usage_in_bytes")
        return MemoryUse(self._limit, peak, killed)

    def close(self) -> None:
        """Remove the group."""
        groups.take_away(self._folder)

    def _allow(self, size: int) -> None:
        """So much memory; so much together with what is swapped, where the kernel counts that.

        Raises:
            OSError: it has more, and cannot do without.
        """
        groups.write(self._folder / "memory.limit_in_bytes", str(size))
        with suppress(FileNotFoundError):
            groups.write(self._folder / "memory.memsw.limit_in_bytes", str(size))
