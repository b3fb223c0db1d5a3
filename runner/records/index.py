"""The index of runs: rows that mirror the folders, for lists. The only SQL of wf.

It can be deleted at any time and is then made again from the folders. It is never asked for a
verdict on a run that may still be going on.
"""

from __future__ import annotations

import os
import sqlite3
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple

from runner.errors import INTERNAL, STORAGE, WfError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

_BUSY_SECONDS = 10.0
_COLUMNS = (
    "name, workflow, executor, status, reason, exit_code, submitted_at, started_at, finished_at, "
    "project, fingerprint"
)


class Row(NamedTuple):
    """A run as it stands in a list. Times are UTC in ISO 8601."""

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


class Index:
    """An open index. Rows go in and come out as values; no connection leaves it."""

    def __init__(self, path: Path) -> None:
        """Open the index, made or brought up to date if need be.

        Raises:
            WfError: kind ``STORAGE`` when it cannot be opened or belongs to a newer wf.
        """
        self._path = path
        self.new = False
        """Whether it was empty: then it must be filled from the folders."""
        # private whatever the umask; its companions take its mode. Where the file cannot be opened,
        # SQLite says so if it matters
        with suppress(OSError):
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        try:
            self._connection = sqlite3.connect(path, timeout=_BUSY_SECONDS, isolation_level=None)
            self._prepare()
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def __del__(self) -> None:
        """Whoever drops the index drops its connection; Python 3.13 warns of one left open."""
        if hasattr(self, "_connection"):
            self._connection.close()

    def put(self, rows: Iterable[Row]) -> None:
        """Add rows, or replace those of the same name, all or none."""
        marks = ", ".join("?" * len(Row._fields))
        with self._write():
            self._connection.executemany(
                f"INSERT OR REPLACE INTO runs ({_COLUMNS}) VALUES ({marks})",  # noqa: S608
                rows,
            )

    def delete(self, name: str) -> None:
        """Forget a run."""
        with self._write():
            self._connection.execute("DELETE FROM runs WHERE name = ?", (name,))

    def unfinished(self) -> list[Row]:
        """Runs that are not over as far as the index knows, newest first."""
        return self._rows("WHERE finished_at IS NULL ORDER BY submitted_at DESC", ())

    def newest(self, limit: int) -> list[Row]:
        """The newest runs, newest first; a negative limit means all."""
        return self._rows("ORDER BY submitted_at DESC, name LIMIT ?", (limit,))

    def succeeded(self, workflow: str) -> list[Row]:
        """Runs of a workflow that succeeded, newest first."""
        return self._rows(
            "WHERE workflow = ? AND status = 'succeeded' ORDER BY submitted_at DESC", (workflow,)
        )

    def like(self, name: str, workflow: str, limit: int) -> list[Row]:
        """The newest runs of a workflow that succeeded, in the project of the run ``name``."""
        return self._rows(
            "WHERE workflow = ? AND status = 'succeeded' "
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

    def _rows(self, clause: str, values: tuple[str | int, ...]) -> list[Row]:
        try:
            found = self._connection.execute(f"SELECT {_COLUMNS} FROM runs {clause}", values)  # noqa: S608
            return [Row(*row) for row in found]
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _write(self) -> _Transaction:
        return _Transaction(self._connection, self._unusable)

    def _unusable(self, error: sqlite3.DatabaseError) -> WfError:
        return WfError(
            STORAGE,
            f"the index of runs cannot be used: {error}",
            hint=f"runs are safe in their folders; remove {self._path} to have it made again",
        )

    def _prepare(self) -> None:
        """Bring the schema up to date; several commands may try at once."""
        # the folders are the truth; what a power cut takes from the index is made again
        self._connection.execute("PRAGMA synchronous = NORMAL")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        steps = _migrations(version)
        newest = version + len(steps)
        if version > len(_names()):
            raise WfError(
                STORAGE,
                f"the index of runs was made by a newer wf (schema {version}, known {newest})",
                hint=f"update wf, or remove {self._path}: it is made again from the run folders",
            )
        if not steps:
            return
        self._connection.execute("PRAGMA journal_mode = WAL")
        with self._write():
            (version,) = self._connection.execute("PRAGMA user_version").fetchone()
            for number, script in enumerate(_migrations(version), version + 1):
                for statement in script.split(";"):
                    if statement.strip():
                        self._connection.execute(statement)
                self._connection.execute(f"PRAGMA user_version = {number}")
                self.new = True


class _Transaction:
    """``BEGIN IMMEDIATE`` … ``COMMIT``, with errors said in wf's voice."""

    def __init__(
        self,
        connection: sqlite3.Connection,
        explain: Callable[[sqlite3.DatabaseError], WfError],
    ) -> None:
        self._connection = connection
        self._explain = explain

    def __enter__(self) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
        except sqlite3.DatabaseError as error:
            raise self._explain(error) from error

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        if error is None:
            self._connection.execute("COMMIT")
            return
        if self._connection.in_transaction:
            self._connection.execute("ROLLBACK")
        if isinstance(error, sqlite3.DatabaseError):
            raise self._explain(error) from error


def _names() -> tuple[str, ...]:
    """The migrations in order; listed, as reading a folder at every start would cost more."""
    return ("0001_runs.sql", "0002_reuse.sql")


def _migrations(after: int) -> list[str]:
    """The scripts still to run on a schema of version ``after``."""
    return [_script(name) for name in _names()[after:]]


def _script(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), "migrations", name)
    try:
        with open(path, encoding="utf-8") as file:
            return "\n".join(line for line in file if not line.startswith("--"))
    except OSError as error:
        raise WfError(INTERNAL, f"this installation of wf is incomplete: {path}") from error
