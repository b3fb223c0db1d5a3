"""The index, kept in line with the folders of runs, which are the truth."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.disks import named, unwritable
from runner.errors import WfError
from runner.records import behind
from runner.records.filling import entry, fill
from runner.records.index import Index

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.paths import Home, RunPaths
    from runner.records.state import State

# others who write to the index need milliseconds; a job is not kept waiting for more than that
_PATIENT_SECONDS = 2.0
# and who only looks is not kept waiting for others to write what happened before
_PATIENT_READER_SECONDS = 0.25


class Mirror:
    """What the index of one state folder says of its runs."""

    def __init__(self, home: Home, stamp: Callable[[], str], tell: Callable[[str], None]) -> None:
        """``stamp`` tells the time; ``tell`` is given a line when filling an index takes long."""
        self._home = home
        self._stamp = stamp
        self._tell = tell
        self._opened: Index | None = None
        self._filled = False
        self._patience = _PATIENT_SECONDS

    def index(self) -> Index:
        """The index, opened at its first use, and filled from the folders when it is new."""
        if self._opened is None:
            try:
                self._home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                what = "the state folder cannot be made"
                raise unwritable(what, named(error), self._home.root.parent) from error
            self._opened = Index(self._home.database)
        if not self._filled:
            if not self._opened.filled:
                fill(self._home, self._opened, self._stamp(), self._tell)
            self._filled = True
        return self._opened

    def close(self) -> None:
        """Close it until it is needed again."""
        if self._opened is not None:
            self._filled = self._filled and not self._opened.aside
            self._opened.close()
            self._opened = None

    def move(self, paths: RunPaths, after: State) -> None:
        """Tell the index what has changed of a run, without reading all of it again."""
        try:
            if not self.index().move(paths.root.name, after, self._patience):
                self.put(paths)
            elif self.index().aside:
                self._fall_behind(paths)
        except WfError:
            self._fall_behind(paths)

    def put(self, *changed: RunPaths) -> None:
        """Have the index say of runs what their folders do; nothing of those that are gone.

        A run never ends because its mirror is locked or full: then :meth:`catch_up` does it later.
        """
        try:
            found = [one for paths in changed if (one := entry(paths)) is not None]
            if found:
                links = [link for _, links in found for link in links]
                self.index().put((row for row, _ in found), links, patience=self._patience)
            gone = [paths.root.name for paths in changed if not os.path.lexists(paths.root)]
            if gone:
                self.index().delete(*gone)
            self._patience = _PATIENT_SECONDS
            told = not self.index().aside
        except WfError:
            told = False
        if not told:
            self._fall_behind(*changed)

    def catch_up(self) -> None:
        """Tell the index what it could not take before."""
        marked = behind.marked(self._home)
        if not marked:
            return
        for name in marked:
            behind.unmark(self._home, name)  # before we look: it may change meanwhile
        self._patience = _PATIENT_READER_SECONDS
        self.put(*map(self._home.run, marked))
        if behind.marked(self._home) and not self.index().aside:
            # it is still locked, or its disk full: this command knows the truth all the same
            before = self.index()
            self._opened = before.copied()
            before.close()
            self.put(*map(self._home.run, marked))
        self._patience = _PATIENT_SECONDS

    def _fall_behind(self, *changed: RunPaths) -> None:
        """Have a later command tell the index; who has it locked is not waited for at each step."""
        self._patience = 0.0
        for paths in changed:
            behind.mark(self._home, paths.root.name)
