"""How long the parts of a run took: what wf saw of them, and what the job itself reported.

A job reports a part as a line of its notes: ``phase: NAME SECONDS s``, or with how many samples
went through it, ``phase: NAME SECONDS s, N samples``. Whatever else stands there is a mere note.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

from runner.records.state import TERMINAL
from runner.stamps import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

ENVIRONMENT, WAIT, COLLECTION = "environment", "wait", "collection"
"""What wf itself sees of a run, beside its job; no job can report these."""

_SEEN = frozenset({ENVIRONMENT, WAIT, COLLECTION})
_LINE = re.compile(
    r"phase: (?P<name>[a-z][a-z0-9-]{0,39}) (?P<seconds>[0-9]{1,9}(?:\.[0-9]{1,9})?) s"
    r"(?:, (?P<samples>[0-9]{1,15}) samples?)?"
)
_MOST = 50


class Reported(NamedTuple):
    """What a job wrote: its phases in seconds, samples by phase, and the notes that are left."""

    seconds: Mapping[str, float]
    samples: Mapping[str, int]
    notes: list[str]


def reported(lines: Iterable[str]) -> Reported:
    """Tell phases from notes. Phases of one name add up, in the order of first appearance.

    A line of more than 50 phases, or one that is not well formed, stays a note.
    """
    seconds: dict[str, float] = {}
    samples: dict[str, int] = {}
    notes = []
    for line in lines:
        found = _LINE.fullmatch(line)
        name = found["name"] if found else ""
        if found is None or name in _SEEN or (name not in seconds and len(seconds) == _MOST):
            notes.append(line)
            continue
        seconds[name] = round(seconds.get(name, 0.0) + float(found["seconds"]), 3)
        if found["samples"] is not None:
            samples[name] = samples.get(name, 0) + int(found["samples"])
    return Reported(seconds, samples, notes)


def phases(
    history: Iterable[tuple[str, str]], waited: float | None, told: Mapping[str, float]
) -> dict[str, float]:
    """All phases of a run in seconds, in order; of one that goes on, those that are over.

    ``history`` is every status with the time it was entered, ``waited`` how long the run stood in
    the queue, in seconds, and ``told`` what its job reported. ``environment`` is all of the way to
    the job's start but the queue: the project's copy, the inputs, the packages.
    """
    entered = dict(history)
    found: dict[str, float] = {}
    if "provisioning" in entered and "running" in entered:
        wait = waited or 0.0
        ready = _between(entered["provisioning"], entered["running"])
        found = {ENVIRONMENT: round(max(ready - wait, 0.0), 3), WAIT: round(wait, 3)}
    found |= told
    end = next((at for status, at in reversed(entered.items()) if status in TERMINAL), None)
    if "collecting" in entered and end is not None:
        found[COLLECTION] = _between(entered["collecting"], end)
    return found


def _between(before: str, after: str) -> float:
    return round((moment(after) - moment(before)).total_seconds(), 3)
