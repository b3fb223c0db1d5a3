"""Runs as a whole: making one, moving it through its life, finding and removing it."""

from __future__ import annotations

import errno
import os
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from runner import tree
from runner.errors import STORAGE, USAGE, WfError
from runner.failpoints import reach
from runner.paths import RunPaths
from runner.records import folder, state, supervision, transit
from runner.records.index import Index, Row
from runner.records.tags import Tags

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    from runner.paths import Home
    from runner.records.state import State, Status

# a run now and then takes longer than others do
_USUAL_OF = 5


class Records:
    """All runs below one state folder."""

    def __init__(self, home: Home, now: Callable[[], datetime]) -> None:
        self._home = home
        self._now = now
        self._opened: Index | None = None
        self.tags = Tags(home, self._stamp)
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
        first = state.submitted(self._stamp())
        try:
            made, held = transit.claim(self._home.transit)
            try:
                lock, supervising = self._fill(RunPaths(made), document, first)
                paths = self._name(made, choose)
            finally:
                os.close(held)
        except OSError as error:
            raise WfError(
                STORAGE,
                f"the state folder cannot be written: {error.strerror}: {error.filename}",
                hint="look for free space (df -h), or set WF_HOME to another folder",
            ) from error
        run = OpenRun(self, paths, first, lock, supervising)
        self.index().put([_row(paths, document, first)])
        return run

    def _fill(self, paths: RunPaths, document: dict[str, Any], first: State) -> tuple[int, int]:
        """Write all that makes a folder a run; the descriptors of its locks.

        It has no name before, so that no crash leaves a run that is none.
        """
        lock, supervising = folder.hold(paths), supervision.hold(paths)
        folder.write(paths.submitted, document, durable=False)
        folder.write(paths.state, first.document(), durable=False)
        reach("made")
        return lock, supervising

    def _name(self, made: Path, choose: Callable[[Sequence[str]], str]) -> RunPaths:
        """Give it a name that nobody else has: one that stands for no folder with something in."""
        from runner.records.names import candidates

        self._home.runs.mkdir(mode=0o700, exist_ok=True)
        for name in candidates(choose):
            paths = self._home.run(name)
            try:
                made.rename(paths.root)
            except OSError as error:
                if error.errno not in {errno.ENOTEMPTY, errno.EEXIST}:
                    raise
                continue
            return paths
        raise AssertionError

    def index(self) -> Index:
        """The index, opened at its first use, and filled from the folders when it is new."""
        if self._opened is None:
            try:
                self._home.root.mkdir(mode=0o700, parents=True, exist_ok=True)
            except OSError as error:
                raise WfError(
                    STORAGE,
                    f"the state folder cannot be made: {error.strerror}: {error.filename}",
                    hint="set WF_HOME to a folder that can be written",
                ) from error
            self._opened = Index(self._home.database)
            if self._opened.new:
                self._opened.put(self._rows_of_folders())
        return self._opened

    def close(self) -> None:
        """Close the index until it is needed again.

        A connection must not be carried into a child (sqlite.org, "How To Corrupt An SQLite
        Database File", 2.6).
        """
        if self._opened is not None:
            self._opened.close()
            self._opened = None

    def _rows_of_folders(self) -> Iterator[Row]:
        if not self._home.runs.is_dir():
            return
        for entry in os.scandir(self._home.runs):
            if entry.name.startswith("."):
                continue  # being removed
            paths = self._home.run(entry.name)
            submitted, known = folder.read_submitted(paths), folder.read_state(paths)
            if submitted is not None and known is not None:
                yield _row(paths, submitted, known)

    def advance(
        self,
        paths: RunPaths,
        before: State,
        status: Status,
        at: datetime | None = None,
        **facts: Any,  # noqa: ANN401 - those of state.advance
    ) -> State:
        """Move a run on: first in its folder, then in the index.

        ``at`` is when that was, if it was not now; nothing happens before what was before.
        """
        stamp = self._stamp() if at is None else max(_written(at), before.history[-1][1])
        after = state.advance(before, status, stamp, **facts)
        if after.terminal:
            folder.make_durable(paths)
        folder.write(paths.state, after.document(), durable=after.terminal)
        if after.terminal:
            reach("end-written")
        self._mirror(paths, after)
        return after

    def _mirror(self, paths: RunPaths, known: State) -> None:
        submitted = folder.read_submitted(paths)
        if submitted is not None:
            # a run never ends because its mirror is locked or full: `settle` catches up
            with suppress(WfError):
                self.index().put([_row(paths, submitted, known)])

    def settle(self) -> list[RunPaths]:
        """Bring the index in line with the folders; the runs that have lost their supervisors.

        Those are not over, and nobody carries them out any more: it takes
        :func:`runner.engine.reconcile.reconcile` to end them. A run of an older version, which had
        no lock for its supervisor, counts as alive as long as any process of it is; after that
        nobody knows how it ended.
        """
        transit.sweep(self._home.transit, self._forget_removed)
        transit.sweep(self._home.submissions)
        dead = []
        for row in self.index().unfinished():
            paths = self._home.run(row.name)
            known = folder.read_state(paths)
            if known is None:
                self.index().delete(row.name)
            elif known.terminal:
                self._mirror(paths, known)
            elif not supervision.supervised(paths):
                if paths.supervisor.exists():
                    dead.append(paths)
                else:
                    self._settle_dead(paths)
        return dead

    def _forget_removed(self, name: str) -> None:
        """Whoever removed this run was killed, perhaps before the index knew."""
        if not self._home.run(name).root.exists():
            self.index().delete(name)

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
                    self._mirror(paths, known)
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
        if not word:
            raise WfError(USAGE, "an empty word names no run", hint="`wf ps -a` lists all runs")
        if word.startswith(":"):
            return self.tags.find(word[1:])
        exact = self._home.run(word) if "/" not in word and word not in {".", ".."} else None
        if exact is not None and exact.root.is_dir():
            return exact
        rows = self.index().newest(1) if word == "last" else self.index().with_prefix(word, 6)
        if len(rows) == 1:
            return self._home.run(rows[0].name)
        if not rows:
            what = "there is no run yet" if word == "last" else f"there is no run `{word}`"
            raise WfError(USAGE, what, hint="`wf ps -a` lists all runs")
        raise WfError(
            USAGE,
            f"`{word}` fits more than one run: {', '.join(row.name for row in rows)}",
            hint="write more of the name",
        )

    def waiting(self, row: Row) -> dict[str, Any] | None:
        """What a listed run waits for, and at which place; ``None`` if it does not wait."""
        if row.status != "provisioning":
            return None
        return folder.read_waiting(self._home.run(row.name), row.status)

    def workflow(self, run: str) -> str | None:
        """What the run of this name is a run of; ``None`` if there is no such run.

        Asks neither the index nor for anything to be there: who has never run anything may look.
        """
        if "/" in run or run in {"", ".", ".."}:
            return None
        submitted = folder.read_submitted(self._home.run(run))
        return None if submitted is None else str(submitted["workflow"])

    def usual(self, name: str, workflow: str) -> float | None:
        """How long jobs such as that of the run ``name`` took, in seconds: the median of a few.

        ``None`` when none of its workflow has succeeded, or the index cannot be read: it is but a
        guess.
        """
        try:
            rows = self.index().like(name, workflow, _USUAL_OF)
        except WfError:
            return None
        took = sorted(
            (_moment(row.finished_at) - _moment(row.started_at)).total_seconds()
            for row in rows
            if row.started_at and row.finished_at
        )
        return max(0.0, took[len(took) // 2]) if took else None

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
        found = folder.document(paths)
        if found is None:
            raise WfError(
                STORAGE,
                f"the record of {paths.root.name} cannot be read",
                hint=f"look into {paths.root}, or remove it: wf rm {paths.root.name}",
            )
        return found

    def remove(self, paths: RunPaths) -> None:
        """Forget a run and all it left behind.

        Raises:
            WfError: kind ``USAGE`` when it is still going on, or carries a tag.
        """
        known = folder.read_state(paths)
        if (known is None or not known.terminal) and folder.alive(paths):
            raise WfError(
                USAGE,
                f"{paths.root.name} is still {'being made' if known is None else known.status}",
                hint="end it first (Ctrl-C where it runs)",
            )
        name = paths.root.name
        carried = self.tags.of(name)
        if carried:
            raise WfError(
                USAGE,
                f"{name} carries the tag `{carried[0]}`",
                hint=f"take it away first: wf tags delete {carried[0]}",
            )
        try:
            # out of sight by one rename: half a folder must not be taken for a run
            going, held = transit.claim(self._home.transit, name)
            try:
                with suppress(FileNotFoundError):  # a crash has left it in the index only
                    paths.root.rename(going / name)
                reach("out-of-sight")
                self.index().delete(name)
                tree.remove(going)
            finally:
                os.close(held)
        except OSError as error:
            raise WfError(
                STORAGE, f"{name} cannot be removed: {error.strerror}: {error.filename}"
            ) from error

    def _stamp(self) -> str:
        return _written(self._now())


class OpenRun:
    """A run that is going on here: the one object that may write its record."""

    def __init__(
        self, records: Records, paths: RunPaths, first: State, lock: int, supervising: int
    ) -> None:
        self._records = records
        self.paths = paths
        self.state = first
        self.lock = lock
        """The descriptor of the run's lock; the job must inherit it."""
        self.supervising = supervising
        """That of its supervisor's lock; nobody may inherit it."""

    @property
    def name(self) -> str:
        """The run's name."""
        return self.paths.root.name

    def advance(self, status: Status, **facts: Any) -> None:  # noqa: ANN401 - those of state.advance
        """Move on; see :func:`runner.records.state.advance`."""
        self.state = self._records.advance(self.paths, self.state, status, **facts)

    def close(self) -> None:
        """Let go of the locks."""
        os.close(self.supervising)
        os.close(self.lock)


def _written(at: datetime) -> str:
    in_utc = at.astimezone(timezone.utc)
    return in_utc.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _moment(at: str) -> datetime:
    return datetime.fromisoformat(at.replace("Z", "+00:00"))


def _row(paths: RunPaths, submitted: dict[str, Any], known: State) -> Row:
    return Row(
        name=paths.root.name,
        workflow=submitted["workflow"],
        executor=submitted["executor"],
        status=known.status,
        reason=known.reason,
        exit_code=known.exit_code,
        submitted_at=known.history[0][1],
        started_at=known.entered("running"),
        finished_at=known.finished_at,
        project=submitted.get("project"),
        fingerprint=(submitted.get("fingerprint") or {}).get("digest"),
    )
