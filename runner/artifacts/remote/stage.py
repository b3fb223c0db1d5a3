"""The folder that a run is fetched into, and how much of each content has come there."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.remote.layout import PIECE
from runner.disks import named, unwritable
from runner.errors import BUSY, WfError
from runner.paths import RunPaths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.entries import Entry


class Stage(NamedTuple):
    """The folder that a run is fetched into."""

    root: Path

    @property
    def run(self) -> RunPaths:
        """It as a folder of a run, with manifest, lists and artifacts."""
        return RunPaths(self.root)

    @property
    def contents(self) -> Path:
        """What has come so far, by digest."""
        return self.root / "contents"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Nobody else works on it; gone when the ``with`` is left in good order.

        Raises:
            WfError: kind ``BUSY`` when somebody does, ``STORAGE`` when it cannot be made.
        """
        try:
            self.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = self._lock()
        except BlockingIOError:
            message = "another command pulls the same run from there"
            raise WfError(BUSY, message, hint="wait for it, then repeat this one") from None
        except OSError as error:
            what = "the folder for what is pulled could not be made"
            raise unwritable(what, named(error), self.root.parent, "set WF_CACHE") from error
        try:
            yield
            tree.remove(self.root)
        finally:
            if self.root.exists() and not any(self.contents.glob("*")):
                tree.remove(self.root)  # there is nothing to go on with
            os.close(lock)

    def _lock(self) -> int:
        """The folder, open and locked.

        Raises:
            BlockingIOError: somebody holds it, or has just removed it.
            OSError: it cannot be opened.
        """
        lock = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not os.fstat(lock).st_nlink:
                raise BlockingIOError
        except OSError:
            os.close(lock)
            raise
        return lock

    def unheld(self) -> bool:
        """Whether it is there, and nobody works on it."""
        try:
            os.close(self._lock())
        except OSError:
            return False
        return True

    def touched(self) -> float:
        """When something came last, in seconds since the epoch."""
        times = [self.root.stat().st_mtime]
        with suppress(FileNotFoundError), os.scandir(self.contents) as entries:
            times += [entry.stat(follow_symlinks=False).st_mtime for entry in entries]
        return max(times)

    def whole(self, entry: Entry) -> Path:
        """Where a content is once it is complete."""
        return self.contents / entry.digest.partition(":")[2]

    def partial(self, entry: Entry) -> Path:
        """Where it is while it comes."""
        return self.whole(entry).with_suffix(".part")

    def here(self, entry: Entry) -> int | None:
        """How many bytes of it are here, in whole pieces; ``None``: all of them."""
        if self.whole(entry).exists():
            return None
        try:
            size = self.partial(entry).stat().st_size
        except FileNotFoundError:
            return 0
        # the last piece may have been cut off, and what is complete is found out with it
        return min(size, max(entry.bytes - 1, 0)) // PIECE * PIECE


def unfinished(pulls: Path, before: float) -> Iterator[Stage]:
    """Those below a folder that nobody holds, and that nothing has come to since a moment.

    ``before`` is in seconds since the epoch.
    """
    with suppress(FileNotFoundError):
        for folder in sorted(pulls.iterdir()):
            stage = Stage(folder)
            with suppress(OSError):  # gone meanwhile, or no folder
                if stage.touched() <= before and stage.unheld():
                    yield stage


def sweep(pulls: Path, before: float, *, dry_run: bool = False) -> int:
    """Remove :func:`unfinished` ones, or only look; the bytes that frees.

    What cannot be removed stays.
    """
    from runner.artifacts.store.room import Freeing

    freed = 0
    for stage in unfinished(pulls, before):
        size = Freeing().add(stage.root)
        if dry_run:
            freed += size
            continue
        with suppress(WfError, OSError):
            with stage.held():
                pass
            freed += size
    return freed
