"""The folder that a run is fetched into, and how much of each content has come there."""

from __future__ import annotations

import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.artifacts.remote.layout import PIECE
from runner.disks import named, unwritable
from runner.errors import BUSY, WfError
from runner.paths import RunPaths

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.manifest import Entry


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
            lock = os.open(self.root, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        except OSError as error:
            what = "the folder for what is pulled could not be made"
            raise unwritable(what, named(error), self.root.parent, "set WF_CACHE") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            message = "another command pulls the same run from there"
            raise WfError(BUSY, message, hint="wait for it, then repeat this one") from None
        try:
            yield
            tree.remove(self.root)
        finally:
            if self.root.exists() and not any(self.contents.glob("*")):
                tree.remove(self.root)  # there is nothing to go on with
            os.close(lock)

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
