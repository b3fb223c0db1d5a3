"""Reading what is compared of a run: its record, its phases so far, its metrics and settings."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.records import folder, looking
from runner.records.comparing.curves import timed
from runner.records.comparing.facts import Told, facts
from runner.records.phases import phases, reported

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from runner.artifacts.reading.values import Series
    from runner.paths import RunPaths
    from runner.records.comparing.facts import Facts


def gather(paths: RunPaths, document: Mapping[str, Any], now: datetime) -> Facts:
    """The facts of the run whose document that is."""
    said = reported(folder.read_notes(paths))
    history = [(one["status"], one["at"]) for one in document["history"]]
    waited = (document["resources"]["queue"] or {}).get("waited_seconds")
    known = looking.metrics_of(paths)
    series: tuple[Series, ...] = ()
    if known is not None:
        series = tuple(timed(one, known.older) for _, one in known.series)
    told = Told(
        phases(history, waited, said.seconds), said.samples, series, looking.parameters_of(paths)
    )
    return facts(document, told, now)
