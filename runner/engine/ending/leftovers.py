"""Reports of bugs that nobody will send any more."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from runner.paths import Home

# whoever wanted to send one has sent it, or has lost sight of it
_REPORTS_SECONDS = 30 * 86400.0


def sweep(home: Home, now: float) -> None:
    """Remove them; what cannot be removed stays. ``now`` in seconds since the epoch."""
    with suppress(OSError):
        for entry in os.scandir(home.crash_reports):
            if now - entry.stat(follow_symlinks=False).st_mtime >= _REPORTS_SECONDS:
                os.unlink(entry.path)
