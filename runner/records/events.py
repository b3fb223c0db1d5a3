"""What happened to a run, one JSON document a line: written as it goes on, read by who watches.

The same form carries events from one process to another.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from datetime import datetime, timezone
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, get_args

from runner import events
from runner.stamps import stamp

if TYPE_CHECKING:
    from pathlib import Path

    from runner.events import Event

_KINDS = MappingProxyType({kind.__name__: kind for kind in get_args(events.Event)})
_CHUNK = 1 << 16


def written(event: Event) -> dict[str, Any]:
    """The event as a JSON object."""
    return {"event": type(event).__name__, **event._asdict()}


def parse(told: dict[str, Any]) -> Event | None:
    """The event that was written; ``None`` for one of another version."""
    facts = {key: tuple(said) if isinstance(said, list) else said for key, said in told.items()}
    kind = _KINDS.get(facts.pop("event", ""))
    known = {key: facts[key] for key in getattr(kind, "_fields", ()) if key in facts}
    try:
        return None if kind is None else kind(**known)
    except TypeError:  # something is missing
        return None


class EventLog:
    """The file that a run's events are appended to, each with one write."""

    def __init__(self, path: Path) -> None:
        """A file that cannot be written is done without: it is for those who watch."""
        self._path = path
        self._end = 0
        self._descriptor: int | None = None
        with suppress(OSError):
            flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC
            self._descriptor = os.open(path, flags, 0o600)

    def add(self, event: Event) -> None:
        """Append it, with the time it is (UTC)."""
        if self._descriptor is None:
            return
        told = {"at": stamp(datetime.now(timezone.utc)), **written(event)}
        with suppress(OSError):
            os.write(self._descriptor, json.dumps(told).encode() + b"\n")
            self._end = os.fstat(self._descriptor).st_size

    def others(self) -> list[Event]:
        """What another process has appended since this one last did."""
        return EventReader(self._path, self._end).new()

    def close(self) -> None:
        """Nothing more happens."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


class EventReader:
    """Reads a run's events, as they come."""

    def __init__(self, path: Path, position: int = 0) -> None:
        """From the byte at ``position`` on."""
        self._path = path
        self._position = position
        self._rest = b""

    def new(self) -> list[Event]:
        """Those that were added since the last time. A line that is none is passed over."""
        *lines, self._rest = (self._rest + self._read()).split(b"\n")
        found = []
        for line in lines:
            with suppress(ValueError):
                told = json.loads(line)
                event = parse(told) if isinstance(told, dict) else None
                if event is not None:
                    found.append(event)
        return found

    def _read(self) -> bytes:
        read = b""
        try:
            with self._path.open("rb", buffering=0) as file:
                file.seek(self._position)
                while chunk := file.read(_CHUNK):
                    read += chunk
        except OSError:
            return b""
        self._position += len(read)
        return read
