"""Taking in what has been gathered: every file is hashed, listed, and shared with its equals.

Where there are many, sharing them takes longer than reading them. Nobody has to wait for that.

Whoever is killed meanwhile is followed by one who does it again, and does not read again what is
shared already.

Links are kept as links and never followed. Sockets, pipes and devices are left out and said.
"""

from __future__ import annotations

import os
from itertools import chain, islice
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.entries import Lines, is_closed, stored
from runner.artifacts.folders import OwnFolders
from runner.artifacts.manifest import Artifact, Listing
from runner.artifacts.store.crew import Crew
from runner.artifacts.store.taking import Taker, clear_notes, clear_staging

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence
    from pathlib import Path

    from typing_extensions import Self

    from runner.artifacts.entries import Kind
    from runner.artifacts.store.pool import Pool

_TASK = 64  # files
# so many are made one with their equals at once, whatever they are
_FEW = 256


def never() -> bool:
    """Nobody will."""
    return False


class Failed(NamedTuple):
    """Something that could not be read, and why; ``path`` is the one that the job had it at."""

    path: str
    error: OSError


# which artifact; paths, with the kind of each; whether they are made read-only and shared later
_Task = tuple[int, list[Any], bool]


class Intake:
    """``with Intake(root, lists, pool, progress) as intake:`` takes in the artifacts of one run.

    ``root`` is the folder of the run's artifacts, ``lists`` the one of their lists, and
    ``progress`` is told files and bytes so far. ``unreadable`` are things that stay there unlisted,
    and ``changed`` those that were written or removed while they were taken in; what is listed is
    what is kept. Where there are many files, most are made read-only, and one with their equals,
    ``later`` (:mod:`runner.artifacts.store.afterwards`): this is called before the first of them,
    and answers whether somebody will. The lists are numbered from ``first`` on.

    Raises:
        OSError: one of the folders cannot be opened or written to.
    """

    def __init__(  # noqa: PLR0913 - what, where to, and who is told
        self,
        root: Path,
        lists: Path,
        pool: Pool,
        progress: Callable[[int, int], None],
        *,
        later: Callable[[], bool] = never,
        first: int = 0,
    ) -> None:
        self._root = root
        self._lists = lists
        self._progress = progress
        self._later = later
        clear_staging(root)
        self._takers: list[Taker] = []

        def begin() -> Callable[[_Task], tuple[Any, ...]]:
            self._takers.append(Taker(root, pool, lists))
            return _work(self._takers[-1])

        self._crew = Crew(begin)
        self._first = first
        self._artifacts = self._given = self._files = self._bytes = 0
        self._put_off: bool | None = None
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
        file = self._lists / f"{self._first + self._artifacts}.jsonl"
        with Listing(file, path) as listing:
            found = chain.from_iterable(map(self._walk, roots))
            for answer in self._crew.each(self._tasks(found)):
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

    def _tasks(self, found: Iterable[Any]) -> Iterator[_Task]:
        left = iter(found)
        while names := list(islice(left, _TASK)):
            self._given += len(names)
            if self._put_off is None and self._given > _FEW:
                self._put_off = self._later()
            yield self._artifacts, names, self._put_off or False

    def _add(self, listing: Listing, answer: tuple[Any, ...]) -> None:
        told, skipped, changed, unreadable = answer
        lines = Lines(*told)
        listing.extend(lines)
        for path in skipped:
            listing.skip(path)
        self.changed += changed
        for path, number in unreadable:
            self.unreadable.append(Failed(path, OSError(number, os.strerror(number), path)))
        self._files += lines.entries
        self._bytes += lines.bytes
        self._progress(self._files, self._bytes)

    def _walk(self, root: str) -> Iterator[tuple[str, Kind | None]]:
        """Files and links below a root, and folders that are empty or closed, sorted by path.

        The kind of what is not to be kept is ``None``. An artifact that is an empty folder counts
        as nothing: wf may have made it itself.
        """
        whole = self._root / stored(root)
        if not os.path.lexists(whole):
            return
        folders = OwnFolders(self._root)
        try:
            left = [(root, _kind_of(whole))]
            while left:
                one = left.pop()
                name, kind = one
                if kind != "directory":
                    yield one
                    continue
                try:
                    descriptor = folders.at(stored(name))
                    below = _below(name, descriptor)
                    told = is_closed(os.fstat(descriptor).st_mode) if below else name != root
                except OSError as error:
                    self.unreadable.append(Failed(name, error))
                    continue
                if told:
                    yield name, kind
                left += below
        finally:
            folders.close()


def _below(folder: str, descriptor: int) -> list[tuple[str, Kind | None]]:
    """What lies in a folder, the last first."""
    with os.scandir(descriptor) as found:
        return sorted([(f"{folder}/{entry.name}", _kind(entry)) for entry in found], reverse=True)


def _kind(found: os.DirEntry[str]) -> Kind | None:
    """What it is; most file systems tell with the name, so that nothing more is asked."""
    if found.is_file(follow_symlinks=False):
        return "file"
    if found.is_dir(follow_symlinks=False):
        return "directory"
    return "link" if found.is_symlink() else None


def _kind_of(found: Path) -> Kind | None:
    if found.is_symlink():
        return "link"
    if found.is_dir():
        return "directory"
    return "file" if found.is_file() else None


def _work(taker: Taker) -> Callable[[_Task], tuple[Any, ...]]:
    def do(task: _Task) -> tuple[Any, ...]:
        round_, names, later = task
        taken = taker.take(round_, names, later=later)
        # plain ones, as they go through a pipe
        return (tuple(taken.lines), taken.skipped, taken.changed, taken.unreadable)

    return do
