"""When something will be, as people say it: by the clock where they are, and how long still."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from runner.cli.render.table import age

if TYPE_CHECKING:
    from datetime import datetime

_WEEK = timedelta(days=6)


def clock(now: datetime, seconds: float) -> str:
    """The time ``seconds`` from now: ``14:32``, ``Tue 14:32``, and the day if it is far off."""
    here = now.astimezone()
    then = here + timedelta(seconds=seconds)
    if then.date() == here.date():
        return f"{then:%H:%M}"
    return f"{then:%a %H:%M}" if then - here < _WEEK else f"{then:%Y-%m-%d}"


def expected(now: datetime, likely: float | None, at_most: float | None) -> str:
    """A time that is likely (``~14:32``), or the latest one (``by 16:00``); else nothing."""
    if likely is not None:
        return f"~{clock(now, likely)}"
    return "" if at_most is None else f"by {clock(now, at_most)}"


def until(now: datetime, seconds: float) -> str:
    """The time and how long it is still: ``14:32 (in 12m)``."""
    return f"{clock(now, seconds)} (in {age(seconds)})" if seconds >= 1 else "any moment"
