"""A daemon that does not answer, or was started anew, while it has a container of ours. Pure.

Times are seconds of any one clock.
"""

from __future__ import annotations

PATIENCE_SECONDS = 600.0
"""So long a daemon may be away without the job's processes being seen."""

_FIRST_SECONDS = 0.1
_LONGEST_SECONDS = 2.0


class Outage:
    """From when it was first noticed until the daemon answers again."""

    def __init__(self, now: float) -> None:
        self.since = now
        self._pause = _FIRST_SECONDS

    def pause(self) -> float:
        """Seconds until it is asked again: longer every time."""
        pause = self._pause
        self._pause = min(2 * pause, _LONGEST_SECONDS)
        return pause

    def hopeless(self, now: float, *, lives: bool) -> bool:
        """Whether it is waited for no more; as long as the job ``lives`` there is no hurry."""
        return not lives and now - self.since >= PATIENCE_SECONDS
