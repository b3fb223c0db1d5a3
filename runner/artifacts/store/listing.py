"""Taking in what has been gathered: every file is hashed, listed, and shared with its equals.

Whoever is killed meanwhile is followed by one who does it again, and does not read again what is
shared already.

Links are kept as links and never followed. Sockets, pipes and devices are left out and said.
"""

from __future__ import annotations

import os
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.folders import OwnFolders
from runner.artifacts.manifest import Artifact, Entry, Listing, stored
from runner.artifacts.store.crew import Crew
from runner.artifacts.store.taking import Taker, clear_notes, clear_staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from runner.artifacts.manifest import Kind
    from runner.artifacts.store.pool import Pool

_TASK = 64  # files


class Failed(NamedTuple):
    """Something that could not be read, and why; ``path`` is the one that the job had it at."""

    path: str
    error: OSError


class Intake:
    """``with Intake(root, lists, pool, progress) as intake:`` takes in the artifacts of one run.

    ``root`` is the folder of the run's artifacts, ``lists`` the one of their lists, and
    ``progress`` is told files and bytes so far. ``unreadable`` are things that stay there unlisted,
    and ``changed`` those that were written or removed while they were taken in; what is listed is
    what is kept.

    Raises:
        OSError: one of the folders cannot be opened or written to.
    """

    def __init__(
        self, root: Path, lists: Path, pool: Pool, progress: Callable[[int, int], None]
    ) -> None:
        self._root = root
        self._lists = lists
        self._progress = progress
        clear_staging(root)
        self._takers: list[Taker] = []

        def begin() -> Callable[[tuple[int, list[Any]]], tuple[Any, ...]]:
            self._takers.append(Taker(root, pool, lists))
            return _work(self._takers[-1])

        self._crew = Crew(begin)
        self._artifacts = self._files = self._bytes = 0
        self.unreadable: list[Failed] = []
        self.changed: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._crew.__exit__(*error)
        while self._takers:
            self._takers.pop().close()

    def take_in(self, path: str, roots: Sequence[str]) -> Artifact:
        """Take in and list what lies at ``roots``, which the declared ``path`` has come to.

        ``roots`` are paths as the job had them, sorted; none lies within another.

        Raises:
            OSError: the list cannot be written.
        """
        file = self._lists / f"{self._artifacts}.jsonl"
        with Listing(file, path) as listing:
            found = (found for root in roots for found in self._walk(root))
            tasks = ((self._artifacts, names) for names in _tasks(found))
            for answer in self._crew.each(tasks):
                self._add(listing, answer)
        self._artifacts += 1
        return listing.artifact()

    def finish(self) -> None:
        """All of them are taken in: bring the lists to the disk, and have no more notes.

        Raises:
            OSError: that cannot be done.
        """
        folder = os.open(self._lists, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        clear_notes(self._lists)

    def _add(self, listing: Listing, answer: tuple[Any, ...]) -> None:
        entries, skipped, changed, unreadable, lines = answer
        listing.extend([*map(Entry._make, entries)], lines)
        for path in skipped:
            listing.skip(path)
        self.changed += changed
        for path, number in unreadable:
            self.unreadable.append(Failed(path, OSError(number, os.strerror(number), path)))
        for entry in entries:
            self._files += 1
            self._bytes += entry[2]
            self._progress(self._files, self._bytes)

    def _walk(self, root: str) -> Iterator[tuple[str, Kind | None]]:
        """Files and links below a root and folders with nothing in them, sorted by path.

        The kind of what is not to be kept is ``None``. An artifact that is an empty folder counts
        as nothing: wf may have made it itself.
        """
        whole = self._root / stored(root)
        if not os.path.lexists(whole):
            return
        folders = OwnFolders(self._root)
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


def _work(taker: Taker) -> Callable[[tuple[int, list[Any]]], tuple[Any, ...]]:
    def do(task: tuple[int, list[Any]]) -> tuple[Any, ...]:
        entries, *rest = taker.take(*task)
        return ([*map(tuple, entries)], *rest)

    return do
