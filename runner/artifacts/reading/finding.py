"""Which of a run's files are worth a look, told by their names. Pure."""

from __future__ import annotations

import posixpath
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.reading.recognise import has_metrics, is_events, promising

if TYPE_CHECKING:
    from collections.abc import Iterable

    from runner.artifacts.entries import Entry


class Thing(NamedTuple):
    """What is read as one: a file, or all event files of a folder, in the order of their names."""

    path: str
    files: tuple[Entry, ...]

    @property
    def bytes(self) -> int:
        """Its size."""
        return sum(entry.bytes for entry in self.files)

    @property
    def modified(self) -> int:
        """When it was last written (ns); 0 where that is not known."""
        return max(entry.modified or 0 for entry in self.files)


def things(entries: Iterable[Entry], *, metrics: bool = False) -> list[Thing]:
    """What may be read among kept files; with ``metrics`` only what may hold such.

    Event files of one folder are one thing, whose path is the folder's.
    """
    wanted = has_metrics if metrics else promising
    files = [entry for entry in entries if entry.kind == "file" and wanted(entry.path)]
    folders: dict[str, list[Entry]] = {}
    for entry in files:
        if is_events(entry.path):
            folders.setdefault(posixpath.dirname(entry.path), []).append(entry)
    found = [Thing(entry.path, (entry,)) for entry in files if not is_events(entry.path)]
    found += [_together(folder, written) for folder, written in folders.items()]
    return sorted(found, key=lambda thing: thing.path)


def _together(folder: str, written: list[Entry]) -> Thing:
    ordered = tuple(sorted(written, key=lambda entry: entry.path))
    return Thing(folder or ordered[0].path, ordered)
