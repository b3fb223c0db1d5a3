"""Days: as of which packages are resolved."""

from __future__ import annotations

import re
from typing import Any

from runner.spec.text import kind_of, mistake
from runner.spec.workflow import COMMIT
from runner.units import quoted

_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_WITH_TIME = re.compile(rf"({_DAY.pattern})[Tt ].+")


def as_of(value: Any) -> str:  # noqa: ANN401 - whatever YAML can hold
    """A day, such as ``2022-05-20``, or ``commit``.

    A time of day is not read, though RFC 3339 has one: an index tells which packages a day had,
    and nobody remembers the hour.
    """
    written = value.strip() if isinstance(value, str) else ""
    if written == COMMIT:
        return COMMIT
    if _DAY.fullmatch(written):
        if exists(written):
            return written
        raise mistake(f"there is no day {written}", "write year, month and day: 2022-05-20")
    timed = _WITH_TIME.fullmatch(written)
    if timed and exists(timed[1]):
        message = f"a day without a time is wanted here, not {quoted(written)}"
        raise mistake(message, f"write {timed[1]}: the packages of that whole day (UTC) count")
    message = f"a day or `{COMMIT}` is wanted here, not {kind_of(value)}"
    raise mistake(message, f"write, for example, 2022-05-20, or {COMMIT}")


def end(day: str) -> str:
    """The first moment after a day (RFC 3339, UTC): what was there before it, counts."""
    from datetime import date, timedelta

    return f"{date.fromisoformat(day) + timedelta(days=1)}T00:00:00Z"


def exists(day: str) -> bool:
    """Whether the calendar has the day."""
    from datetime import date

    try:
        date(*(int(part) for part in day.split("-")))
    except ValueError:
        return False
    return True
