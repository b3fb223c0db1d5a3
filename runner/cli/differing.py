"""Two runs side by side: what each keeps, and what is different."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.artifacts.entries import Entry
    from runner.artifacts.looking.comparing import Change, Difference
    from runner.artifacts.reading.contrast import Contrast, Measured
    from runner.artifacts.reading.values import Reading, Series
    from runner.records.contents import Contents

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

    def shown(self, path: str) -> str:
        """A path for people: that of the one file that is looked at is its own."""
        return self.whole(path) if path == _FILE else path

    def digest(self, entry: Entry) -> str:
        """That of an entry; of one that is still being written, that of what is there now."""
        return self.contents.digest(entry._replace(path=self.whole(entry.path)))

    def read(self, path: str) -> Reading | None:
        """What a file holds, if it is of a kind that is known."""
        from runner.artifacts.reading.recognise import promising, read

        if not promising(self.whole(path)):
            return None
        with open(self.contents.open(self.whole(path)), "rb") as file:
            return read(file, self.whole(path))

    def metrics(self) -> Iterator[Series]:
        """The metrics in what is looked at."""
        from runner.records.looking import metrics

        known = metrics(self.contents, self.path)
        yield from (series for _, series in known.series)

    def lines(self, entry: Entry) -> list[str] | None:
        """The lines of a text."""
        from runner.artifacts.looking.lines import MOST_BYTES, lines_of

        if entry.kind != "file" or entry.bytes > MOST_BYTES:
            return None
        with open(self.contents.open(self.whole(entry.path)), "rb") as file:
            return lines_of(file.read(MOST_BYTES + 1))


class Found(NamedTuple):
    """The difference of files, and what is known of the contents of those that changed."""

    before: Side
    after: Side
    files: Difference
    contents: list[tuple[str, Contrast]]
    texts: list[tuple[str, list[str]]]
    metrics: list[Measured]

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
            "contents": [{"path": path, **one.document()} for path, one in self.contents],
            "metrics": [one.document() for one in self.metrics],
            "texts": [{"path": path, "diff": "\n".join(lines)} for path, lines in self.texts],
        }


def _relative(path: str, folder: str | None) -> str:
    if folder is None:
        return path
    return _FILE if path == folder else path[len(folder) + 1 :]


def _entry(entry: Entry) -> dict[str, Any]:
    found = entry._asdict()
    return {key: found[key] for key in ("path", "kind", "bytes", "digest", "mode")}


def _change(change: Change) -> dict[str, Any]:
    return {"before": _entry(change.before), "after": _entry(change.after)}
