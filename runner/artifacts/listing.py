"""Taking in what has been gathered: every file is hashed, listed, and shared with its equals.

First all is hashed and listed, and the lists are brought to the disk, with the modes and times that
the job had given its files. Only then files are made read-only, and replaced by equal ones of other
runs. Whoever is killed in between is followed by one who does all of this again and takes modes and
times from the lists that are there.

Links are kept as links and never followed. Sockets, pipes and devices are left out and said.
"""

from __future__ import annotations

import os
from contextlib import suppress
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.crew import Crew
from runner.artifacts.descent import Descent
from runner.artifacts.manifest import PREFIX, Artifact, Entry, Listing, stored
from runner.artifacts.store import read_only
from runner.artifacts.taking import Seen, Taker, clear_staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from runner.artifacts.manifest import Kind
    from runner.artifacts.store import Pool

_TASK = 64  # files


class Failed(NamedTuple):
    """Something that could not be read, and why; ``path`` is the one that the job had it at."""

    path: str
    error: OSError


class Intake:
    """``with Intake(root, pool, progress) as intake:`` takes in the artifacts of one run.

    ``root`` is the folder of the run's artifacts, and ``progress`` is told files and bytes so far.
    ``unreadable`` are files that stay there unlisted, and ``changed`` those that were written or
    removed while they were taken in; what is listed is what is kept.
    """

    def __init__(self, root: Path, pool: Pool, progress: Callable[[int, int], None]) -> None:
        self._root = root
        self._progress = progress
        clear_staging(root)
        self._crew = Crew(lambda: _work(Taker(root, pool)))
        self._taken: list[Artifact] = []
        self._files = self._bytes = 0
        self.unreadable: list[Failed] = []
        self.changed: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._crew.__exit__(*error)

    def take_in(self, path: str, roots: Sequence[str], file: Path) -> None:
        """List in ``file`` what lies at ``roots``, which the declared ``path`` has come to.

        ``roots`` are paths as the job had them, sorted; none lies within another.

        Raises:
            OSError: the list cannot be written.
        """
        before = _former(file)
        with Listing(file, path) as listing:
            for seen in self._looked_at(found for root in roots for found in self._walk(root)):
                if seen.note == "special":
                    listing.skip(seen.path)
                elif self._kept(seen):
                    listing.add(_entry(_as_before(seen, before.get(seen.path))))
                    self._files += 1
                    self._bytes += seen.bytes
                    self._progress(self._files, self._bytes)
        self._taken.append(listing.artifact())

    def finish(self) -> list[Artifact]:
        """Make the files read-only and one with their equals; what has been taken in, in order.

        Raises:
            OSError: a list cannot be read or written.
        """
        return [self._shared(artifact) for artifact in self._taken]

    def _looked_at(self, found: Iterable[tuple[str, Kind | None]]) -> Iterator[Seen]:
        tasks = (("look", names) for names in _tasks(found))
        for answers in self._crew.each(tasks):
            yield from map(Seen._make, answers)

    def _kept(self, seen: Seen) -> bool:
        """Whether it is, and if not, what is said of it."""
        if seen.note == "unreadable":
            error = OSError(seen.error, os.strerror(seen.error), seen.path)
            self.unreadable.append(Failed(seen.path, error))
            return False
        if seen.note:
            self.changed.append(seen.path)
        return seen.note != "gone"

    def _shared(self, artifact: Artifact) -> Artifact:
        files = (_seen(entry) for entry in artifact.entries() if entry.kind == "file")
        tasks = (("share", names) for names in _tasks(files))
        anew: dict[str, Seen] = {}
        for answers in self._crew.each(tasks):
            anew.update((seen.path, seen) for seen in map(Seen._make, answers))
        return self._relisted(artifact, anew) if anew else artifact

    def _relisted(self, artifact: Artifact, anew: dict[str, Seen]) -> Artifact:
        """The same with what has changed since it was listed."""
        if artifact.listed is None:
            return artifact
        with Listing(artifact.listed, artifact.path) as listing:
            for path in artifact.skipped:
                listing.skip(path)
            for entry in artifact.entries():
                seen = anew.get(entry.path)
                if seen is None:
                    listing.add(entry)
                elif self._kept(seen):
                    listing.add(_entry(seen))
        return listing.artifact()

    def _walk(self, root: str) -> Iterator[tuple[str, Kind | None]]:
        """Files and links below a root and folders with nothing in them, sorted by path.

        The kind of what is not to be kept is ``None``. An artifact that is an empty folder counts
        as nothing: wf may have made it itself.
        """
        whole = self._root / stored(root)
        if not os.path.lexists(whole):
            return
        folders = Descent(self._root)
        try:
            left = [(root, _kind(whole))]
            while left:
                name, kind = left.pop()
                if kind != "directory":
                    yield name, kind
                    continue
                try:
                    below = _below(name, folders.at(stored(name)))
                except OSError as error:
                    self.unreadable.append(Failed(name, error))
                    continue
                if not below and name != root:
                    yield name, kind
                left += below
        finally:
            folders.close()


def _below(folder: str, descriptor: int) -> list[tuple[str, Kind | None]]:
    """What lies in a folder, the last first."""
    with os.scandir(descriptor) as found:
        return sorted(((f"{folder}/{entry.name}", _kind(entry)) for entry in found), reverse=True)


def _kind(found: os.DirEntry[str] | Path) -> Kind | None:
    """What it is; most file systems tell with the name, so that nothing more is asked."""
    if found.is_symlink():
        return "link"
    if found.is_dir():
        return "directory"
    return "file" if found.is_file() else None


def _tasks(found: Iterable[Any]) -> Iterator[list[Any]]:
    left = iter(found)
    while task := list(islice(left, _TASK)):
        yield task


def _work(taker: Taker) -> Callable[[tuple[str, list[Any]]], list[tuple[Any, ...]]]:
    def do(task: tuple[str, list[Any]]) -> list[tuple[Any, ...]]:
        verb, found = task
        if verb == "look":
            return [
                tuple(taker.look(path, kind) if kind else Seen(path, note="special"))
                for path, kind in found
            ]
        shared = (taker.share(Seen._make(fields)) for fields in found)
        return [tuple(seen) for seen in shared if seen is not None]

    return do


def _entry(seen: Seen) -> Entry:
    digest = f"{PREFIX}{seen.digest}"
    return Entry(seen.path, seen.kind, seen.bytes, digest, seen.mode, seen.modified)


def _seen(entry: Entry) -> tuple[Any, ...]:
    digest = entry.digest.removeprefix(PREFIX)
    return tuple(
        Seen(entry.path, "file", entry.bytes, digest, entry.mode or 0, entry.modified or 0)
    )


def _former(file: Path) -> dict[str, Entry]:
    """The entries of a list that somebody wrote who was killed then."""
    with suppress(OSError, ValueError, TypeError):
        artifact = Artifact("", 0, 0, None, listed=file)
        return {entry.path: entry for entry in artifact.entries()}
    return {}


def _as_before(seen: Seen, before: Entry | None) -> Seen:
    """With the mode and time that the job had given it, where we have changed them since."""
    if before is None or before.mode is None or before.modified is None:
        return seen
    ours = seen.kind == "file" and seen.mode == read_only(before.mode)
    if ours and f"{PREFIX}{seen.digest}" == before.digest:
        return seen._replace(mode=before.mode, modified=before.modified)
    return seen
