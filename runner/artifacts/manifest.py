"""The list of what was kept: every file with size, digest, mode and time.

A run has one small document that names its artifacts (``manifest.json``), and for each of them a
list of its entries, one JSON object a line, read and written line by line: there may be a hundred
thousand. Lists are written first; the document is what makes them count.

A digest is ``blake3:`` and the hash of a file's bytes; an artifact's own digest covers the names,
kinds and digests of all its entries, so that two artifacts with one digest are alike. The document
has the digest of each list as a file, which covers sizes, modes and times as well, and one of all
that it says itself: no bit of them can be another one unnoticed.

Older versions had no such digests, and before that the entries within the document, without mode
and time.
"""

from __future__ import annotations

import json
import os
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts import form
from runner.artifacts.entries import PREFIX, Entry, lines_of, parsed, said
from runner.artifacts.form import Odd

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path
    from types import TracebackType

    from typing_extensions import Self

    from runner.artifacts.entries import Lines
    from runner.errors import WfError

_WRITING = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
_CHUNK = 1 << 20
# all that a document without a digest of itself has
_UNSEALED = {"artifacts", "error"}


class Artifact(NamedTuple):
    """What one declared path came to. No files and no folders: nothing was there.

    ``listed`` is the file with its entries, and ``list_digest`` the digest of that file; ``inline``
    are those of an older version.
    """

    path: str
    files: int
    bytes: int
    digest: str | None
    skipped: tuple[str, ...] = ()
    listed: Path | None = None
    inline: tuple[Entry, ...] = ()
    list_digest: str | None = None

    def entries(self) -> Iterator[Entry]:
        """Every entry, sorted by path, read as it is asked for, once the list has been checked.

        Raises:
            OSError: the list cannot be read.
            ValueError: it is not the one that was written.
        """
        self.check()
        yield from self.told()

    def told(self) -> Iterator[Entry]:
        """What the list says, be it the one that was written or not.

        Raises:
            OSError: it cannot be read.
            ValueError: it cannot be one, from here on.
        """
        yield from self.inline
        if self.listed is not None:
            with self.listed.open("rb") as lines:
                for text in lines:
                    yield parsed(text)

    def check(self) -> None:
        """See that the list is the one that was written; what is being written has none.

        Raises:
            OSError: it cannot be read.
            ValueError: it is another one.
        """
        if self.listed is not None and self.list_digest is not None:
            sound = _digest_of(self.listed) == self.list_digest
        elif self.listed is not None or self.digest is not None:
            sound = self._adds_up()
        else:
            return
        if not sound:
            raise Odd(f"has a list that `{self.path[:100]}` was not kept with")

    def _adds_up(self) -> bool:
        """Whether an older version's list has the digest and the sums that the document says."""
        from blake3 import blake3

        hasher, entries, files, size = blake3(), 0, 0, 0
        for entry in self.told():
            hasher.update(said(entry))
            entries += 1
            files += entry.kind != "directory"
            size += entry.bytes
        digest = f"{PREFIX}{hasher.hexdigest()}" if entries else None
        return (digest, files, size) == (self.digest, self.files, self.bytes)

    def summary(self) -> dict[str, Any]:
        """The artifact as it stands in the run's document."""
        return {
            "path": self.path,
            "files": self.files,
            "bytes": self.bytes,
            "digest": self.digest,
        }

    def document(self) -> dict[str, Any]:
        """The artifact as it stands in the run's manifest."""
        listed = None if self.listed is None else self.listed.name
        own = {"list": listed, "list_digest": self.list_digest}
        return {**self.summary(), "skipped": list(self.skipped), **own}


class Listing:
    """``with Listing(file, path) as listing:`` writes the list of one artifact.

    Entries are added in the order of their paths. When the ``with`` is left, the list is on the
    disk and takes the place of a former one; after an error that one is still there.
    """

    def __init__(self, file: Path, path: str) -> None:
        from blake3 import blake3

        self._file = file
        self._path = path
        self._part = file.with_name(f"{file.name}.part")
        self._lines = os.fdopen(private(str(self._part), _WRITING), "wb")
        self._hasher = blake3()
        self._whole = blake3()
        self._skipped: list[str] = []
        self._files = self._bytes = self._entries = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        try:
            with self._lines as lines:
                lines.flush()
                os.fsync(lines.fileno())
            if kind is None:
                self._part.replace(self._file)
        finally:
            with suppress(FileNotFoundError):
                self._part.unlink()

    def add(self, entry: Entry) -> None:
        """Add one."""
        self.extend(lines_of((entry,)))

    def extend(self, more: Lines) -> None:
        """Add several."""
        self._lines.write(more.lines)
        self._whole.update(more.lines)
        self._hasher.update(more.said)
        self._entries += more.entries
        self._files += more.files
        self._bytes += more.bytes

    def skip(self, path: str) -> None:
        """Note something that is not kept, as it is no file."""
        self._skipped.append(path)

    def artifact(self) -> Artifact:
        """What has been added so far."""
        digest = f"{PREFIX}{self._hasher.hexdigest()}" if self._entries else None
        return Artifact(
            self._path,
            self._files,
            self._bytes,
            digest,
            tuple(self._skipped),
            self._file,
            list_digest=f"{PREFIX}{self._whole.hexdigest()}",
        )


def private(path: str, flags: int) -> int:
    """Opens a file that nobody else may read, whatever the umask; for :func:`open`.

    Raises:
        OSError: it cannot be opened.
    """
    return os.open(path, flags | os.O_CLOEXEC, 0o600)


def noted(lists: Path) -> Iterator[str]:
    """The digest (hex) of every file that is told of in a folder of lists, complete or not."""
    with suppress(FileNotFoundError):
        for file in sorted(lists.iterdir()):
            with file.open("rb") as lines:
                for text in lines:
                    with suppress(ValueError, TypeError, KeyError):  # the last may be a part of one
                        entry = json.loads(text)
                        if entry["kind"] == "file" and entry["bytes"]:
                            yield entry["digest"].removeprefix(PREFIX)


def next_list(lists: Path) -> int:
    """The number of a list that takes the place of none that is there.

    Raises:
        OSError: the folder of the lists cannot be read.
    """
    names = (file.stem for file in lists.glob("*.jsonl"))
    return max((int(name) + 1 for name in names if name.isdecimal()), default=0)


def clear(lists: Path, artifacts: Iterable[Artifact]) -> None:
    """Remove the lists that none of these artifacts has; one that stays does no harm."""
    kept = {artifact.listed for artifact in artifacts}
    for file in lists.glob("*.jsonl*"):
        if file not in kept:
            with suppress(OSError):
                file.unlink()


def document(artifacts: Sequence[Artifact], error: WfError | None = None) -> dict[str, Any]:
    """Everything a run left behind, in the order declared, as JSON; and what could not be kept."""
    said: dict[str, Any] = {"artifacts": [artifact.document() for artifact in artifacts]}
    if error is not None:
        said["error"] = {"message": error.message, "hint": error.hint}
    return {**said, "digest": _seal(said)}


def entries_of(artifacts: Iterable[Artifact]) -> Iterator[Entry]:
    """The entries of several artifacts; what is in two of them comes twice."""
    for artifact in artifacts:
        yield from artifact.entries()


def read(manifest: dict[str, Any], lists: Path) -> list[Artifact]:
    """The artifacts of a manifest, and where their lists are; of every version, in the order kept.

    Raises:
        Odd: it is damaged.
    """
    artifacts = form.manifest(manifest)
    said = {key: value for key, value in manifest.items() if key != "digest"}
    if "digest" in manifest:
        sound = manifest["digest"] == _seal(said)
    else:
        sound = said.keys() <= _UNSEALED and not any("list_digest" in one for one in artifacts)
    if not sound:
        raise Odd("is not the one that was written")
    return [_artifact(found, lists) for found in artifacts]


def _seal(said: dict[str, Any]) -> str:
    """The digest of a document, whatever the order and the spaces that it is written with."""
    from blake3 import blake3

    text = json.dumps(said, sort_keys=True, separators=(",", ":"))
    return f"{PREFIX}{blake3(text.encode()).hexdigest()}"


def _artifact(found: dict[str, Any], lists: Path) -> Artifact:
    listed = found.get("list")
    return Artifact(
        found["path"],
        found["files"],
        found["bytes"],
        found.get("digest"),
        tuple(found.get("skipped", ())),
        None if listed is None else lists / listed,
        tuple(Entry(**form.entry(entry)) for entry in found.get("entries", ())),
        found.get("list_digest"),
    )


def _digest_of(file: Path) -> str:
    from blake3 import blake3

    hasher = blake3()
    with file.open("rb", buffering=0) as lines:
        while chunk := lines.read(_CHUNK):
            hasher.update(chunk)
    return f"{PREFIX}{hasher.hexdigest()}"
