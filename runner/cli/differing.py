"""Two runs side by side: what each keeps, and what is different."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.disks import named
from runner.errors import STORAGE, WfError

if TYPE_CHECKING:
    from runner.artifacts.comparing import Change, Difference
    from runner.artifacts.manifest import Entry
    from runner.artifacts.reading.contrast import Contrast
    from runner.artifacts.reading.values import Reading, Series
    from runner.records.contents import Contents

_CHUNK = 1 << 20
_FILE = "."


class Side(NamedTuple):
    """One of the two: what is looked at of a run, by paths relative to ``path``."""

    contents: Contents
    path: str | None
    entries: list[Entry]

    @property
    def said(self) -> str:
        """Its address."""
        return self.contents.run if self.path is None else f"{self.contents.run}:{self.path}"

    @property
    def is_file(self) -> bool:
        """Whether it is one file, and not a folder or a run."""
        return [entry.path for entry in self.entries] == [_FILE]

    @classmethod
    def of(cls, contents: Contents, path: str | None) -> Side:
        """What a run keeps at a path.

        Raises:
            WfError: kind ``USAGE`` when nothing is there.
        """
        found = list(contents.entries()) if path is None else contents.at(path)
        entries = [one._replace(path=_relative(one.path, path)) for one in found]
        return cls(contents, path, entries)

    def whole(self, path: str) -> str:
        """A path as the run has it."""
        if self.path is None:
            return path
        return self.path if path == _FILE else f"{self.path}/{path}"

    def open(self, path: str) -> int:
        """A descriptor for reading a file.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be read.
        """
        from runner.artifacts.opening import open_kept

        try:
            return open_kept(*self.contents.place(self.whole(path)))
        except OSError as error:
            said = f"{self.whole(path)} cannot be read: {named(error).strerror}"
            hint = f"what else is damaged: wf artifacts verify {self.contents.run}"
            raise WfError(STORAGE, said, hint=hint) from error

    def digest(self, entry: Entry) -> str:
        """That of an entry; of one that is still being written, that of what is there now."""
        if entry.digest:
            return entry.digest
        from blake3 import blake3

        hasher = blake3()
        if entry.kind == "link":
            root, place = self.contents.place(self.whole(entry.path))
            hasher.update(os.fsencode(os.readlink(os.path.join(root, place))))
        elif entry.kind == "file":
            with open(self.open(entry.path), "rb") as file:
                while chunk := file.read(_CHUNK):
                    hasher.update(chunk)
        return f"blake3:{hasher.hexdigest()}"

    def read(self, path: str) -> Reading | None:
        """What a file holds, if it is of a kind that is known."""
        from runner.artifacts.reading.recognise import promising, read

        if not promising(self.whole(path)):
            return None
        with open(self.open(path), "rb") as file:
            return read(file, self.whole(path))

    def lines(self, entry: Entry) -> list[str] | None:
        """The lines of a text."""
        from runner.artifacts.text import MOST_BYTES, lines_of

        if entry.kind != "file" or entry.bytes > MOST_BYTES:
            return None
        with open(self.open(entry.path), "rb") as file:
            return lines_of(file.read(MOST_BYTES + 1))

    def metrics(self) -> dict[str, Series]:
        """The metrics in what is looked at, by name."""
        from runner.artifacts.manifest import Artifact
        from runner.records.looking import metrics

        entries = tuple(one._replace(path=self.whole(one.path)) for one in self.entries)
        part = Artifact("", len(entries), 0, None, inline=entries)
        known = metrics(self.contents._replace(artifacts=(part,)))
        return {one.name: one for _, one in known.series}


class Measured(NamedTuple):
    """A metric of both; ``None`` where one has none of that name."""

    name: str
    before: Series | None
    after: Series | None

    def document(self) -> dict[str, Any]:
        """As JSON."""
        sides = {"before": self.before, "after": self.after}
        return {"name": self.name, **{side: one and _facts(one) for side, one in sides.items()}}


class Found(NamedTuple):
    """The difference of files, of metrics, and within files that changed."""

    before: Side
    after: Side
    files: Difference
    metrics: list[Measured]
    contents: list[tuple[str, Contrast]]
    texts: list[tuple[str, list[str]]]

    def document(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "before": self.before.said,
            "after": self.after.said,
            "same": self.files.same,
            "added": [_entry(entry) for entry in self.files.added],
            "removed": [_entry(entry) for entry in self.files.removed],
            "changed": [_change(change) for change in self.files.changed],
            "moved": [_change(change) for change in self.files.moved],
            "metrics": [metric.document() for metric in self.metrics],
            "contents": [{"path": path, **one.document()} for path, one in self.contents],
            "texts": [{"path": path, "diff": "\n".join(lines)} for path, lines in self.texts],
        }


def _relative(path: str, folder: str | None) -> str:
    if folder is None:
        return path
    return _FILE if path == folder else path[len(folder) + 1 :]


def _entry(entry: Entry) -> dict[str, Any]:
    found = entry._asdict()
    return {key: found[key] for key in ("path", "kind", "bytes", "digest", "mode")}


def _facts(series: Series) -> dict[str, Any]:
    found = series.document()
    return {key: found[key] for key in ("last", "min", "max", "step", "count")}


def _change(change: Change) -> dict[str, Any]:
    return {"before": _entry(change.before), "after": _entry(change.after)}
