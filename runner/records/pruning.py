"""Which runs nobody needs any more, and removing them: first a decision, then its effect.

A run is needed while it goes on or carries a tag, while a run that stays was made from what it
left behind, and while it is the newest of its workflow in its project that succeeded: other
workflows depend on that one.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import WfError
from runner.records import folder

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from runner.records.index import Row
    from runner.records.store import Records


class Rules(NamedTuple):
    """What is not worth keeping: all three must hold.

    ``over_for``: over for so many seconds; ``None``: of any age. ``keep``: of each workflow in
    each project the newest so many stay. ``statuses``: one of these; none: however it ended.
    """

    over_for: float | None = None
    keep: int = 0
    statuses: frozenset[str] = frozenset()


class Kept(NamedTuple):
    """A run that the rules would let go and that is needed, with the reason."""

    run: str
    reason: str


class Chosen(NamedTuple):
    """What is to go, before what it was made from, and what is needed after all."""

    gone: tuple[Row, ...]
    kept: tuple[Kept, ...]


def choose(records: Records, rules: Rules, now: datetime) -> Chosen:
    """Decide; looks at no run that is younger than the rules say.

    Raises:
        WfError: kind ``STORAGE`` when the index cannot be read.
    """
    gone: dict[str, Row] = {}
    kept: list[Kept] = []
    tagged = {tag.run for tag in records.tags.all()}
    for row in records.index().ended_before(_moment(rules, now)):
        if rules.statuses and row.status not in rules.statuses:
            continue
        if rules.keep and records.index().newer(row, rules.keep) < rules.keep:
            continue
        reason = _needed(records, row, tagged, gone)
        if reason is None:
            gone[row.name] = row
        else:
            kept.append(Kept(row.name, reason))
    return Chosen(tuple(gone.values()), tuple(kept))


def _moment(rules: Rules, now: datetime) -> str:
    """The moment before which runs must have been over, as the index writes it."""
    from datetime import timedelta, timezone

    from runner.stamps import stamp

    if rules.over_for is None:
        return "\U0010ffff"
    try:
        at = now.astimezone(timezone.utc) - timedelta(seconds=rules.over_for)
    except OverflowError:  # before there were years
        return ""
    return stamp(at)


def _needed(records: Records, row: Row, tagged: set[str], gone: dict[str, Row]) -> str | None:
    if row.name in tagged:
        return "it carries a tag"
    # whatever was made from it was over later, and so is decided already
    user = next((run for run in records.index().made_from(row.name) if run not in gone), None)
    if user is not None:
        return f"{user} was made from it"
    if row.workflow and row.status == "succeeded" and not records.index().newer_success(row):
        return f"it is the newest of {row.workflow} that succeeded"
    return None


class Removed(NamedTuple):
    """A run that was to go: the bytes that this freed, or what went wrong."""

    row: Row
    freed: int
    error: WfError | None = None


def remove(records: Records, chosen: Chosen) -> Iterator[Removed]:
    """Remove what was chosen, one after the other.

    What somebody has come to need since it was chosen stays.
    """
    seen: int | None = None
    tagged: set[str] = set()
    for row in chosen.gone:
        changed = _changed(records)
        if changed != seen:
            seen, tagged = changed, {tag.run for tag in records.tags.all()}
        paths = records.home.run(row.name)
        if row.name in tagged or records.index().made_from(row.name) or folder.alive(paths):
            continue
        try:
            yield Removed(row, records.forget(paths))
        except WfError as error:
            yield Removed(row, 0, error)


def _changed(records: Records) -> int:
    """When tags were given or taken away last."""
    try:
        return os.stat(records.home.tags).st_mtime_ns
    except OSError:
        return 0
