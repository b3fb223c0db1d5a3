"""The index of runs: rows that mirror the folders, for lists. The only SQL of wf.

It can be deleted at any time and is then made again from the folders. It is never asked for a
verdict on a run that may still be going on. Whatever it is asked is answered without reading the
rows of other runs, so that a hundred thousand of them cost no more than ten.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.errors import STORAGE, WfError
from runner.records import schema

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from runner.records.state import State

_BUSY_SECONDS = 10.0
_PAGE = 100
_MEMORY = ":memory:"
# what SQLite says when a file cannot grow (sqlite.org, "Result and Error Codes"); codes come only
# with Python 3.11
_NO_ROOM = ("database or disk is full", "disk I/O error", "unable to open database file")
_COLUMNS = (
    "name, workflow, executor, status, reason, exit_code, submitted_at, started_at, finished_at, "
    "project, fingerprint"
)
# else SQLite may take the index of all runs of a workflow, be they ever so many that failed
_OF_THOSE = "INDEXED BY runs_that_serve"


class Row(NamedTuple):
    """A run as it stands in a list. Times are UTC in ISO 8601.

    Of files that were added by hand, workflow and executor are empty.
    """

    name: str
    workflow: str
    executor: str
    status: str
    reason: str | None
    exit_code: int | None
    submitted_at: str
    started_at: str | None
    finished_at: str | None
    project: str | None = None
    fingerprint: str | None = None


class Link(NamedTuple):
    """That ``run`` was made from what the run ``input`` left behind."""

    run: str
    input: str


class Index:
    """An open index. Rows go in and come out as values; no connection leaves it."""

    def __init__(self, path: Path) -> None:
        """Open the index, made or brought up to date if need be.

        Where none can be made, on a disk that is full or cannot be written, it stands in memory
        only, ``aside``, and is lost with the command.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be opened or belongs to a newer wf.
        """
        self._path = path
        self.aside = False
        # private whatever the umask; its companions take its mode. Where the file cannot be opened,
        # SQLite says so if it matters
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            self._open_somehow(path)
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _open_somehow(self, path: Path) -> None:
        try:
            self._open(os.fspath(path))
        except sqlite3.OperationalError as error:
            # found where nothing is but what we have just tried to make
            nothing = not path.exists() or not path.stat().st_size
            if nothing and (str(error) in _NO_ROOM or not os.access(path.parent, os.W_OK)):
                self._open(_MEMORY)
                self.aside = True
                return
            if os.access(path.parent, os.W_OK):
                raise
            # nobody can write there, and so nobody does: it need not be watched for changes
            with suppress(AttributeError):  # there may not even be one
                self._connection.close()
            self._open(f"{path.as_uri()}?immutable=1")

    def copied(self) -> Index:
        """A copy in memory, for who must know more than the one on the disk can be told now."""
        copy = object.__new__(Index)
        copy._path, copy.aside = self._path, True
        copy._open(_MEMORY)
        try:
            self._connection.backup(copy._connection)
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error
        return copy

    def _open(self, where: str) -> None:
        """Open a file named by its path or address (sqlite.org, "URI Filenames")."""
        # used by one thread only; but whichever is at work may find that it is dropped
        self._connection = sqlite3.connect(
            where,
            timeout=_BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
            uri=where.startswith("file:"),
        )
        # the folders are the truth; what a power cut takes from the index is made again
        self._connection.execute("PRAGMA synchronous = NORMAL")
        schema.bring_up_to_date(self._connection, self._path)

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def __del__(self) -> None:
        """Whoever drops the index drops its connection; Python 3.13 warns of one left open."""
        if hasattr(self, "_connection"):
            self._connection.close()

    @property
    def filled(self) -> bool:
        """Whether every run that was there when it was made stands in it."""
        return bool(self._select("SELECT 1 FROM filled LIMIT 1", ()))

    def fill(self, at: str) -> None:
        """Every run stands in it now, ``at`` this time."""
        with self._write():
            self._connection.execute("INSERT INTO filled (at) VALUES (?)", (at,))

    def put(
        self,
        rows: Iterable[Row],
        links: Iterable[Link] = (),
        *,
        patience: float = _BUSY_SECONDS,
    ) -> None:
        """Add rows, or replace those of the same name, all or none.

        ``patience`` is how long others who write are waited for, in seconds.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be written, or others write for too long.
        """
        marks = ", ".join("?" * len(Row._fields))
        with self._write(patience):
            self._connection.executemany(
                f"INSERT OR REPLACE INTO runs ({_COLUMNS}) VALUES ({marks})",  # noqa: S608
                rows,
            )
            self._connection.executemany(
                "INSERT OR IGNORE INTO inputs (run, input) VALUES (?, ?)", links
            )

    def move(self, name: str, known: State, patience: float) -> bool:
        """Put what can have changed of a run; ``False`` when it does not stand here.

        Raises:
            WfError: as :meth:`put`.
        """
        with self._write(patience):
            changed = self._connection.execute(
                "UPDATE runs SET status = ?, reason = ?, exit_code = ?, started_at = ?, "
                "finished_at = ? WHERE name = ?",
                (
                    known.status,
                    known.reason,
                    known.exit_code,
                    known.entered("running"),
                    known.finished_at,
                    name,
                ),
            )
            return changed.rowcount > 0

    def delete(self, *names: str) -> None:
        """Forget runs."""
        with self._write():
            for table, column in (("runs", "name"), ("inputs", "run")):
                self._connection.executemany(
                    f"DELETE FROM {table} WHERE {column} = ?",  # noqa: S608
                    [(name,) for name in names],
                )

    def unfinished(self) -> list[Row]:
        """Runs that are not over as far as the index knows, newest first."""
        return self._rows("WHERE finished_at IS NULL ORDER BY submitted_at DESC", ())

    def newest(self, limit: int | None = None) -> Iterator[Row]:
        """The newest runs, newest first, or all; read a page at a time as they are wanted.

        Nobody is held up meanwhile, however slowly they are taken.
        """
        at, name = "\U0010ffff", ""
        while limit is None or limit > 0:
            wanted = _PAGE if limit is None else min(limit, _PAGE)
            page = self._rows(
                "WHERE (submitted_at, name) < (?, ?) ORDER BY submitted_at DESC, name DESC LIMIT ?",
                (at, name, wanted),
            )
            yield from page
            if len(page) < wanted:
                return
            at, name = page[-1].submitted_at, page[-1].name
            limit = None if limit is None else limit - wanted

    def newest_of(self, workflow: str, project: str | None = None) -> Row | None:
        """The newest run of a workflow, in a project or in whatever one."""
        where = "workflow = ?" if project is None else "workflow = ? AND project = ?"
        values = (workflow,) if project is None else (workflow, project)
        clause = f"WHERE {where} ORDER BY submitted_at DESC LIMIT 1"
        return next(iter(self._rows(clause, values)), None)

    def workflows(self) -> list[str]:
        """Every workflow that has a run."""
        found = self._select("SELECT DISTINCT workflow FROM runs WHERE workflow <> ''", ())
        return [str(workflow) for (workflow,) in found]

    def succeeded_in(self, workflow: str, project: str, limit: int) -> list[Row]:
        """Runs of a workflow in a project that succeeded, newest first."""
        return self._rows(
            f"{_OF_THOSE} WHERE workflow = ? AND status = 'succeeded' AND project = ? "
            "ORDER BY submitted_at DESC LIMIT ?",
            (workflow, project, limit),
        )

    def succeeded_as(self, workflow: str, fingerprint: str, limit: int) -> list[Row]:
        """Runs of a workflow with a fingerprint that succeeded, wherever, newest first."""
        return self._rows(
            "WHERE workflow = ? AND status = 'succeeded' AND fingerprint = ? "
            "ORDER BY submitted_at DESC LIMIT ?",
            (workflow, fingerprint, limit),
        )

    def like(self, name: str, workflow: str, limit: int) -> list[Row]:
        """The newest runs of a workflow that succeeded, in the project of the run ``name``."""
        return self._rows(
            f"{_OF_THOSE} WHERE workflow = ? AND status = 'succeeded' "  # noqa: S608
            "AND project IS (SELECT project FROM runs WHERE name = ?) "
            "ORDER BY submitted_at DESC LIMIT ?",
            (workflow, name, limit),
        )

    def with_prefix(self, prefix: str, limit: int) -> list[Row]:
        """Runs whose name starts with ``prefix``."""
        return self._rows(
            "WHERE name >= ? AND name < ? ORDER BY name LIMIT ?",
            (prefix, prefix + "\U0010ffff", limit),
        )

    def ended_before(self, at: str) -> list[Row]:
        """Runs that were over before a moment, the one that was over last first."""
        return self._rows("WHERE finished_at < ? ORDER BY finished_at DESC", (at,))

    def newer(self, row: Row, most: int) -> int:
        """How many runs of its workflow and project are newer than a run; ``most`` or more."""
        return self._count(
            "FROM runs WHERE workflow = ? AND project IS ? AND (submitted_at, name) > (?, ?)",
            (row.workflow, row.project, row.submitted_at, row.name),
            most,
        )

    def newer_success(self, row: Row) -> bool:
        """Whether a newer run of its workflow and project has succeeded."""
        return bool(
            self._count(
                f"FROM runs {_OF_THOSE} WHERE workflow = ? AND project IS ? "
                "AND status = 'succeeded' "
                "AND (submitted_at, name) > (?, ?)",
                (row.workflow, row.project, row.submitted_at, row.name),
                1,
            )
        )

    def made_from(self, name: str) -> list[str]:
        """The runs that were made from a run."""
        found = self._select("SELECT run FROM inputs WHERE input = ?", (name,))
        return [str(run) for (run,) in found]

    def _rows(self, clause: str, values: tuple[str | int, ...]) -> list[Row]:
        return [Row(*row) for row in self._select(f"SELECT {_COLUMNS} FROM runs {clause}", values)]  # noqa: S608

    def _count(self, clause: str, values: tuple[str | int | None, ...], most: int) -> int:
        asked = f"SELECT count(*) FROM (SELECT 1 {clause} LIMIT ?)"  # noqa: S608
        return int(self._select(asked, (*values, most))[0][0])

    def _select(self, asked: str, values: tuple[str | int | None, ...]) -> list[tuple[Any, ...]]:
        try:
            return self._connection.execute(asked, values).fetchall()
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _write(self, patience: float = _BUSY_SECONDS) -> _Transaction:
        return _Transaction(self._connection, self._unusable, patience)

    def _unusable(self, error: sqlite3.DatabaseError) -> WfError:
        return WfError(
            STORAGE,
            f"the index of runs cannot be used: {error}",
            hint=f"runs are safe in their folders; remove {self._path} to have it made again",
        )


class _Transaction:
    """``BEGIN IMMEDIATE`` … ``COMMIT``, with errors said in wf's voice."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        explain: Callable[[sqlite3.DatabaseError], WfError],
        patience: float,
    ) -> None:
        self._connection = connection
        self._explain = explain
        self._patience = patience

    def __enter__(self) -> None:
        try:
            self._connection.execute(f"PRAGMA busy_timeout = {int(self._patience * 1000)}")
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from error

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        try:
            if error is None:
                self._connection.execute("COMMIT")
                return
        except sqlite3.DatabaseError as refused:
            raise self._explain(refused) from refused
        finally:
            # a full disk may have ended it already
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError):
            raise self._explain(error) from error
