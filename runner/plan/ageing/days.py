"""The day to go back to: one on which everything that a script uses was still there."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.plan.ageing.rules import Release


class Changed(NamedTuple):
    """The day (ISO 8601, UTC) of the commit that last touched a file of the project."""

    path: str
    day: str


class Day(NamedTuple):
    """A day (ISO 8601) and why it is that one."""

    day: str
    why: str


def choose(releases: Iterable[Release], changed: Changed | None) -> Day:
    """The latest sensible day before all of ``releases``.

    It is the day on which the project's own requirements were last changed, when its code worked
    with what there was, if that is early enough; else the day before the first of the releases.
    """
    first = min(releases, key=lambda release: release.day)
    if changed is not None and changed.day < first.day:
        return Day(changed.day, f"the day of the last commit to {changed.path}")
    before = date.fromisoformat(first.day) - timedelta(days=1)
    return Day(before.isoformat(), f"the day before {first.package} {first.version}")
