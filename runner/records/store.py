"""Runs as a whole: making one, moving it through its life, finding and removing it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner import stamps
from runner.disks import flush, named, unwritable
from runner.errors import STORAGE, USAGE, WfError
from runner.failpoints import reach
from runner.records import (
    folder,
    reserve,
    starting,
    state,
    supervision,
    transit,
)
from runner.records.mirror import Mirror
from runner.records.naming import all_named_by, named_by
from runner.records.opened import OpenRun
from runner.records.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime
    from pathlib import Path

    from runner.paths import Home, RunPaths
    from runner.records.index import Index, Row
    from runner.records.state import State, Status


class Records:
    """All runs below one state folder."""

    def __init__(
        self,
        home: Home,
        now: Callable[[], datetime],
        tell: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """``tell`` is given a line for people when something takes longer than it usually does."""
        self._home = home
        self._now = now
        self._tell = tell
        self._mirror = Mirror(home, self.stamp, tell)
        self.tags = Tags(home, self.stamp)
        """The names that people gave to runs."""

    @property
    def home(self) -> Home:
        """The state folder."""
        return self._home

    def create(self, document: dict[str, Any], choose: Callable[[Sequence[str]], str]) -> OpenRun:
        """Start the record of a new run; ``document`` is what was asked for.

        Raises:
            WfError: kind ``STORAGE`` when the state folder cannot be written.
        """
        first = state.submitted(self.stamp())
        try:
            started = starting.start(self._home, document, first, choose)
        except OSError as error:
            what = "the state folder cannot be written"
            raise unwritable(what, named(error), self._home.root) from error
        self._mirror.put(started.paths)
        return OpenRun(self.advance, started.paths, first, started.lock, started.supervising)

    def add(
        self,
        document: dict[str, Any],
        fill: Callable[[RunPaths], None],
        choose: Callable[[Sequence[str]], str],
    ) -> RunPaths:
        """Put a run onto the record that nobody carries out: ``fill`` puts its artifacts there.

        It appears when that is done, and has succeeded then.

        Raises:
            WfError: kind ``STORAGE`` when the state folder cannot be written; as ``fill`` does.
        """
        begun = self.stamp()

        def work(aside: RunPaths) -> None:
            folder.write(aside.submitted, document)
            fill(aside)
            # the clock may have been set back meanwhile
            ended = state.added(begun, max(self.stamp(), begun))
            folder.write(aside.state, ended.document())

        try:
            paths = starting.whole(self._home, work, choose)
        except OSError as error:
            what = "the state folder cannot be written"
            raise unwritable(what, named(error), self._home.root) from error
        self._mirror.put(paths)
        return paths

    def index(self) -> Index:
        """The index, opened at its first use, and filled from the folders when it is new."""
        return self._mirror.index()

    def again(self) -> Records:
        """The same with an index of its own, for another thread."""
        return Records(self._home, self._now, self._tell)

    def close(self) -> None:
        """Close the index until it is needed again.

        A connection must not be carried into a child (sqlite.org, "How To Corrupt An SQLite
        Database File", 2.6).
        """
        self._mirror.close()

    def advance(
        self,
        paths: RunPaths,
        before: State,
        status: Status,
        at: datetime | None = None,
        *,
        durable: bool = True,
        **facts: Any,  # noqa: ANN401 - those of state.advance
    ) -> State:
        """Move a run on: first in its folder, then in the index.

        ``at`` is when that was, if it was not now; nothing happens before what was before. An end
        that is not ``durable`` may be lost with the machine's power until :meth:`make_durable`,
        and before that the index is not told of it.
        """
        # a clock that is set back meanwhile takes no run back
        stamp = max(self.stamp(at), before.history[-1][1])
        after = state.advance(before, status, stamp, **facts)
        durable = durable and after.terminal
        if durable:
            folder.make_durable(paths)
        # the last words begin when the job has ended
        last = durable or status == "collecting"
        folder.write(paths.state, after.document(), durable=durable, reserved=last)
        if after.terminal:
            reserve.let_go(paths.root)
            reach("end-written")
        if durable or not after.terminal:
            self._mirror.move(paths, after)
        return after

    def make_durable(self, ended: Sequence[RunPaths]) -> None:
        """Bring the ends of many runs to the disk at once, which is much faster than one by one."""
        flush(self.home.root)
        self._mirror.put(*ended)

    def _sweep(self) -> None:
        """Remove what killed commands left."""
        transit.sweep(self._home.starting)
        transit.sweep(self._home.submissions)
        # whoever removed it was killed, perhaps before the index knew
        transit.sweep(
            self._home.removed,
            lambda run: self._mirror.put(self._home.run(run)),
            self._empty,
        )

    def _empty(self, gone: Path) -> int:
        from runner.records import removing

        return removing.empty(self._home, gone)

    def settle(self) -> list[RunPaths]:
        """Bring the index in line with the folders; the runs that have lost their supervisors.

        Those are not over, and nobody carries them out any more: it takes
        :func:`runner.engine.ending.reconcile.reconcile` to end them. A run of an older version,
        which had no lock for its supervisor, counts as alive as long as any process of it is; after
        that nobody knows how it ended.
        """
        self._mirror.catch_up()
        self._sweep()
        dead = []
        for row in self.index().unfinished():
            paths = self._home.run(row.name)
            known = folder.read_state(paths)
            if known is None:
                self.index().delete(row.name)
            elif known.terminal:
                self._mirror.put(paths)
            elif self.abandoned(paths):
                dead.append(paths)
            elif not folder.alive(paths):
                self._settle_dead(paths)
        return dead

    def abandoned(self, paths: RunPaths) -> bool:
        """Whether a run is not over, and nobody carries it out any more."""
        if not paths.supervisor.exists() or supervision.supervised(paths):
            return False
        # asked last: who carried it out may have written its end just before
        known = folder.read_state(paths)
        return known is not None and not known.terminal

    def _settle_dead(self, paths: RunPaths) -> None:
        """Write down that nobody knows how the run ended; one of several commands does it."""
        try:
            turn = folder.take_turns(paths)
        except FileNotFoundError:  # removed meanwhile
            return
        try:
            known = folder.read_state(paths)
            if known is None or known.terminal:
                # it ended, or was settled, between our look at its state and at its lock
                if known is not None:
                    self._mirror.put(paths)
                return
            self.advance(
                paths,
                known,
                "lost",
                reason="supervisor_died",
                message=f"wf was killed while the run was {known.status}; "
                "how it ended is not known",
            )
        finally:
            os.close(turn)

    def find(self, word: str) -> RunPaths:
        """The run that ``word`` names: a name, a unique prefix of one, ``last``, or ``:TAG``.

        Raises:
            WfError: kind ``USAGE`` when no run or more than one fits.
        """
        return named_by(word, self._home, self.tags, self.index)

    def find_all(self, word: str, project: str | None) -> list[RunPaths]:
        """The runs that ``word`` names: as :meth:`find`, or the last run of each workflow it fits.

        Raises:
            WfError: kind ``USAGE`` when no run fits, or the first letters of more than one do.
        """
        return all_named_by(word, self._home, self.tags, self.index, project)

    def waiting(self, row: Row) -> dict[str, Any] | None:
        """What a listed run waits for, and at which place; ``None`` if it does not wait."""
        if row.status != "provisioning":
            return None
        return folder.read_waiting(self._home.run(row.name), row.status)

    def progress(self, row: Row) -> dict[str, Any] | None:
        """How far a listed run's job is; ``None`` where nobody knows."""
        if row.status != "running":
            return None
        return folder.read_progress(self._home.run(row.name), row.status)

    def workflow(self, run: str) -> str | None:
        """What the run of this name is a run of; ``None`` if there is none, or it is of nothing.

        Asks neither the index nor for anything to be there: who has never run anything may look.
        """
        if "/" in run or run in {"", ".", ".."}:
            return None
        submitted = folder.read_submitted(self._home.run(run))
        return None if submitted is None else submitted["workflow"]

    def environments_in_use(self) -> dict[str, list[str]]:
        """Fingerprint of an environment -> the runs that are going on in it, newest first."""
        using: dict[str, list[str]] = {}
        for row in self.index().unfinished():
            said = folder.read(self._home.run(row.name).environment) or {}
            if "fingerprint" in said:
                using.setdefault(said["fingerprint"], []).append(row.name)
        return using

    def document(self, paths: RunPaths) -> dict[str, Any]:
        """The run's document.

        Raises:
            WfError: kind ``STORAGE`` when its folder cannot be read.
        """
        from runner.records import documents  # what lists runs needs none of it

        found = documents.of_run(paths)
        if found is None:
            raise WfError(
                STORAGE,
                f"the record of {paths.root.name} cannot be read",
                hint=f"look into {paths.root}, or remove it: wf rm {paths.root.name}",
            )
        return found

    def remove(self, paths: RunPaths) -> int:
        """Forget a run and all it left behind; the bytes that the disk gets back.

        Raises:
            WfError: kind ``USAGE`` when it is still going on, or carries a tag.
        """
        known = folder.read_state(paths)
        if (known is None or not known.terminal) and folder.alive(paths):
            raise WfError(
                USAGE,
                f"{paths.root.name} is still {'being made' if known is None else known.status}",
                hint=f"end it first: wf stop {paths.root.name}",
            )
        name = paths.root.name
        carried = self.tags.of(name)
        if carried:
            raise WfError(
                USAGE,
                f"{name} carries the tag `{carried[0]}`",
                hint=f"take it away first: wf tags delete {carried[0]}",
            )
        return self.forget(paths)

    def forget(self, paths: RunPaths) -> int:
        """Remove a run that nobody needs, if it is not gone already; the bytes that frees.

        Raises:
            WfError: kind ``STORAGE`` when its files cannot be removed.
        """
        from runner.records import removing

        name = paths.root.name
        try:
            with removing.out_of_sight(self._home, name) as gone:
                reach("out-of-sight")
                self._mirror.put(paths)
                return self._empty(gone)
        except FileNotFoundError:  # a crash has left it in the index only
            self._mirror.put(paths)
            return 0
        except OSError as error:
            raise WfError(
                STORAGE, f"{name} cannot be removed: {error.strerror}: {error.filename}"
            ) from error

    def stamp(self, at: datetime | None = None) -> str:
        """The time it is, or another one, UTC in ISO 8601."""
        return stamps.stamp(at or self._now())
