"""How far a run is that goes on: one small file, replaced whenever something moves.

It is for those who watch: a file that cannot be written is left out.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from runner.errors import WfError
from runner.events import PhaseProgress, Waiting
from runner.records import folder
from runner.stamps import moment, stamp

if TYPE_CHECKING:
    from pathlib import Path

PHASE = "phase"
WAIT = "wait"
JOB = folder.JOB


class Progress:
    """The file, for who writes it."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._there = False

    def put(self, said: dict[str, Any]) -> None:
        """Say it instead of what was said before."""
        at = stamp(datetime.now(timezone.utc))
        self._there = True
        with suppress(WfError):
            folder.write(self._path, {**said, "at": at}, durable=False)

    def clear(self) -> None:
        """There is nothing to say any more."""
        if self._there:
            self._there = False
            with suppress(OSError):
                self._path.unlink()


def of_event(event: PhaseProgress | Waiting) -> dict[str, Any]:
    """What an event says of a phase."""
    kind = WAIT if isinstance(event, Waiting) else PHASE
    return {"kind": kind, **event._asdict()}


def to_event(said: dict[str, Any], now: datetime) -> PhaseProgress | Waiting | None:
    """The event of which it is said, as it would be told ``now``; ``None`` if it is of none."""
    try:
        if said["kind"] == PHASE:
            return PhaseProgress(said["phase"], said["text"], said["waiting"])
        if said["kind"] != WAIT:
            return None
        passed = (now - moment(said["at"])).total_seconds()
        told = (said["short_of"], said["place"], said["places"], tuple(said["holders"]))
        likely, at_most = (
            None if said[key] is None else said[key] - passed for key in ("likely", "at_most")
        )
        return Waiting(*told, likely, at_most)
    except (KeyError, TypeError, ValueError):
        return None
