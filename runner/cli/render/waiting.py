"""What a run that waits for devices says: for what, at which place, until when, and for whom."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.render.clock import until
from runner.cli.render.style import harmless

if TYPE_CHECKING:
    from datetime import datetime

    from runner.events import Waiting

# what is free may change with every run that ends; who reads along need not hear of each
_NEWS_SECONDS = 30.0


def waiting_line(event: Waiting, now: datetime, passed: float = 0.0) -> str:
    """One line, the most important first; ``passed`` seconds after the event was told."""
    said = [f"waiting for {event.short_of}", f"place {event.place} of {event.places}"]
    if event.likely is not None:
        said.append(f"likely start {until(now, event.likely - passed)}")
    elif event.at_most is not None:
        said.append(f"start at the latest {until(now, event.at_most - passed)}")
    return harmless(" · ".join([*said, *event.holders]))


class News:
    """Which of the events of a wait are worth a line that stays.

    The first, another place, and now and then that something else is short.
    """

    def __init__(self) -> None:
        self._told: Waiting | None = None
        self._at = 0.0

    def of(self, event: Waiting, at: float) -> bool:
        """Whether to say it; ``at`` is in seconds, of a clock that only goes on."""
        if self._told is not None and self._told.place == event.place:
            same = self._told.short_of == event.short_of
            if same or at - self._at < _NEWS_SECONDS:
                return False
        self._told, self._at = event, at
        return True
