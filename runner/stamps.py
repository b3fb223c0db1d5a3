"""Times as they are written down: UTC in ISO 8601, to the millisecond. Imports nothing of wf."""

from __future__ import annotations

from datetime import datetime, timezone


def stamp(at: datetime) -> str:
    """A time as it is written: ``2026-11-22T01:02:03.456Z``."""
    in_utc = at.astimezone(timezone.utc)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(written: str) -> datetime:
    """The time that was written.

    Raises:
        ValueError: it is none.
    """
    # Python 3.10 reads no Z
    return datetime.fromisoformat(written.replace("Z", "+00:00"))
