"""A moment as it is typed: how long ago, or a date with a time."""

from __future__ import annotations

import re
from datetime import datetime, timedelta, timezone

from runner.errors import USAGE, WfError

_AGO = re.compile(r"[0-9]+[smhdw]?")
# what a date can be written as; the rest is as ISO 8601 has it
_DATE = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d([.,]\d{1,9})?)?)?(Z|[+-]\d\d:?\d\d)?")
_HINT = "write 10m, 2h or 1d (ago), or a time such as 2026-11-21T23:05 or 2026-11-21T23:05:10Z"


def moment(written: str, now: datetime) -> datetime:
    """The moment that ``--since`` names; a date without a zone is one of this machine.

    Raises:
        WfError: kind ``USAGE`` when it names none.
    """
    if _AGO.fullmatch(written):
        from runner.cli.choices import option_value
        from runner.spec.text import duration

        seconds = option_value("--since", written, duration)
        try:
            return now - timedelta(seconds=seconds or 0)
        except OverflowError:
            return datetime.fromtimestamp(0, timezone.utc)
    if not _DATE.fullmatch(written):
        raise WfError(USAGE, f"--since: `{written}` is no time", hint=_HINT)
    # Python 3.10 reads one spelling of the zone, and of fractions none but two
    text = re.sub(r"[.,]\d+", "", written).replace("Z", "+00:00")
    text = re.sub(r"([+-]\d\d)(\d\d)$", r"\1:\2", text) if len(text) > len("2026-11-21") else text
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise WfError(USAGE, f"--since: `{written}` is no time: {error}", hint=_HINT) from None
    return found if found.tzinfo else found.astimezone()
