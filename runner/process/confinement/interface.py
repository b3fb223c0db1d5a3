"""The values and the protocol of what holds a job to its memory.

Order of calls: ``command``; ``entered`` around the start; ``began``; ``look`` while the job runs,
when it says; ``used``, once none of its processes is left; ``close``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path


class MemoryUse(NamedTuple):
    """What a job that was held to a limit used of it, in bytes.

    ``peak`` is the most that all its processes had together, ``None`` where nobody can tell; with
    cgroups, files that the kernel keeps in memory for them count, too. ``killed`` is how many of
    its processes were ended because there was no more.
    """

    limit: int
    peak: int | None
    killed: int


class Look(NamedTuple):
    """What a look at a running job came to.

    ``again`` is after how many seconds to look next. ``over``: it has more than it may, and nobody
    but us can end it.
    """

    again: float
    over: bool = False


class Confinement(Protocol):
    """A way to hold one job to its memory."""

    @property
    def name(self) -> str:
        """The word for it on the record."""
        ...

    @property
    def unified(self) -> bool:
        """Whether it holds by a group of the v2 tree, out of which no process must be taken."""
        ...

    @property
    def group(self) -> Path | None:
        """That group, as soon as it is known."""
        ...

    def command(self, argv: tuple[str, ...], env: Mapping[str, str]) -> tuple[str, ...]:
        """What to start so that ``argv`` runs within the limit, in the process that is started.

        Raises:
            OSError: there is no such program.
        """
        ...

    def entered(self) -> AbstractContextManager[None]:
        """Processes that are started within are held from their first instruction.

        Raises:
            OSError: it does not hold here after all; nothing has been started.
        """
        ...

    def began(self, pid: int) -> None:
        """The job's first process."""
        ...

    def look(self, processes: Callable[[], set[int]]) -> Look:
        """Look at the job, whose processes ``processes`` tells."""
        ...

    def used(self) -> MemoryUse:
        """What was used so far."""
        ...

    def close(self) -> None:
        """Take away what was made for it. Safe to repeat."""
        ...
