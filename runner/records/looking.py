"""Looking into the files that a run keeps: opened one by one, read by the reader of their kind."""

from __future__ import annotations

import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.folders import open_kept
from runner.artifacts.reading import recognise
from runner.artifacts.reading.finding import Thing, things
from runner.artifacts.reading.values import Metrics, Unread
from runner.errors import WfError
from runner.records.contents import contents as contents_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from runner.artifacts.entries import Entry
    from runner.artifacts.reading.values import Reading, Series
    from runner.paths import RunPaths
    from runner.records.contents import Contents

# what is read of a run's metrics when nobody asked for a certain file
_MOST_FILES = 20
_MOST_BYTES = 4 << 20
# event files of one folder that are opened at once
_MOST_EVENTS = 200


class Looked(NamedTuple):
    """A file, or the event files of a folder, and what is in it; ``None``: nothing known."""

    thing: Thing
    reading: Reading | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        said = {"kind": None} if self.reading is None else self.reading.document()
        return {"path": self.thing.path, "bytes": self.thing.bytes, **said}


class Known(NamedTuple):
    """The metrics of a run: each with the path it was read from; and the paths not read.

    ``older`` are those that another file has, too, which is newer.
    """

    series: tuple[tuple[str, Series], ...]
    left_out: tuple[str, ...]
    older: tuple[Series, ...] = ()

    def document(self) -> dict[str, Any]:
        """As JSON, by the metrics' names."""
        return {one.name: {**one.document(), "path": path} for path, one in self.series}


def look(contents: Contents, path: str | None = None) -> Iterator[Looked]:
    """Look into what lies at and below ``path``, or into everything.

    A file that is named is looked into whatever its name lets expect.

    Raises:
        WfError: kind ``USAGE`` when there is nothing at ``path``; ``STORAGE`` when the list of
            files cannot be read.
    """
    if path is None:
        found = things(contents.entries())
    else:
        entries = contents.at(path)
        named = len(entries) == 1 and entries[0].path == path
        if named and entries[0].kind != "file":
            entries = [contents.file(path)]
        found = [Thing(path, (entries[0],))] if named else things(entries)
    for thing in found:
        looked = Looked(thing, _read(contents, thing))
        if looked.reading is not None or path == thing.path:
            yield looked


def metrics(contents: Contents, path: str | None = None) -> Known:
    """The last state of every metric: of two files that have one, the newer counts.

    With ``path`` what lies at and below it is read alone.

    No more is read than nobody has to wait for; what is left out is named.

    Raises:
        WfError: kind ``STORAGE`` when the list of files cannot be read.
    """
    newest = sorted(things(contents.entries(path), metrics=True), key=_age)
    known: dict[str, tuple[str, Series]] = {}
    left_out, older = [], []
    files = size = 0
    for thing in newest:
        if files == _MOST_FILES or size + thing.bytes > _MOST_BYTES:
            left_out.append(thing.path)
            continue
        files, size = files + 1, size + thing.bytes
        reading = _read(contents, thing)
        if isinstance(reading, Metrics):
            older += [one for one in reading.series if one.name in known]
            for one in reading.series:
                known.setdefault(one.name, (thing.path, one))
    return Known(tuple(known.values()), tuple(left_out), tuple(older))


def _age(thing: Thing) -> tuple[int, str]:
    return -thing.modified, thing.path


def _read(contents: Contents, thing: Thing) -> Reading | None:
    """What a thing holds; that it cannot be opened is said of it, not raised."""
    first = thing.files[0]
    try:
        with ExitStack() as opened:
            files = (opened.enter_context(_open(contents, one)) for one in _some(thing.files))
            if recognise.is_events(first.path):
                return recognise.read_events(files)
            return recognise.read(next(files), first.path)
    except OSError as error:
        return Unread("file", f"it cannot be opened: {(error.strerror or str(error)).lower()}")


def _some(files: tuple[Entry, ...]) -> Iterable[Entry]:
    return files[-_MOST_EVENTS:]


def _open(contents: Contents, entry: Entry) -> Any:  # noqa: ANN401 - BinaryIO, buffered
    return os.fdopen(open_kept(*contents.place(entry.path)), "rb")


def metrics_of(paths: RunPaths) -> Known | None:
    """The metrics of a run; ``None`` where the list of what it keeps cannot be read."""
    try:
        return metrics(contents_of(paths))
    except WfError:
        return None


def parameters_of(paths: RunPaths) -> dict[str, Any]:
    """The hyper-parameters in the newest file of such that a run keeps; empty if it keeps none."""
    from runner.artifacts.reading.values import Parameters

    try:
        contents = contents_of(paths)
        named = (one for one in contents.entries() if recognise.is_parameters(one.path))
        for thing in sorted(things(named), key=_age):
            reading = _read(contents, thing)
            if isinstance(reading, Parameters):
                return dict(reading.values)
    except WfError:
        pass
    return {}


def with_metrics(document: dict[str, Any], paths: RunPaths) -> dict[str, Any]:
    """A run's document with its metrics."""
    known = metrics_of(paths)
    return document if known is None else {**document, "metrics": known.document()}
