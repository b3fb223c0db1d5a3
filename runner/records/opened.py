"""A run that is going on: who may write its record."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.paths import RunPaths
    from runner.records.state import State, Status


class OpenRun:
    """A run that is going on here: the one object that may write its record."""

    def __init__(
        self,
        advance: Callable[..., State],
        paths: RunPaths,
        first: State,
        lock: int,
        supervising: int,
    ) -> None:
        """``advance`` is that of :class:`runner.records.store.Records`."""
        self._advance = advance
        self.paths = paths
        self.state = first
        self.lock = lock
        """The descriptor of the run's lock; the job must inherit it."""
        self.supervising = supervising
        """That of its supervisor's lock; nobody may inherit it."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.paths.root.name

    def advance(self, status: Status, **facts: Any) -> None:  # noqa: ANN401 - those of state.advance
        """Move on; see :func:`runner.records.state.advance`."""
        self.state = self._advance(self.paths, self.state, status, **facts)

    def submit(self, document: dict[str, Any]) -> None:
        """Write down what was asked for, once more is known of it than when the run was made.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be written.
        """
        folder.write(self.paths.submitted, document, durable=False)

    def close(self) -> None:
        """Let go of the locks."""
        os.close(self.supervising)
        os.close(self.lock)
