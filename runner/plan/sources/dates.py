"""The last day that an ``exclude-newer`` of uv's lets in."""

from __future__ import annotations

import re
from datetime import date, timedelta

# RFC 3339; what is behind the day is a time of that day
_DAY = re.compile(r"(\d{4}-\d{2}-\d{2})(?:[Tt ](.+))?")


def last_day(written: str) -> str | None:
    """The last whole day (ISO 8601); ``None`` for what is no day, such as a span back from today.

    Packages of a day count as a whole here, so that a time of day leads to the day before it:
    nothing is to be newer than what was asked for.
    """
    found = _DAY.fullmatch(written.strip())
    if not found:
        return None
    try:
        day = date.fromisoformat(found[1])
        return (day - timedelta(days=1) if found[2] else day).isoformat()
    except (ValueError, OverflowError):
        return None
