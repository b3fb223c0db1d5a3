"""The index's schema: brought up to date by numbered scripts, each run once."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.errors import INTERNAL, STORAGE, WfError

if TYPE_CHECKING:
    import sqlite3
    from pathlib import Path

# in order; listed, as reading a folder at every start would cost more
_SCRIPTS = ("0001_runs.sql", "0002_reuse.sql", "0003_many.sql")
VERSION = len(_SCRIPTS)


def bring_up_to_date(connection: sqlite3.Connection, path: Path) -> None:
    """Run the scripts that the index at ``path`` has not seen; several commands may try at once.

    What it says of the runs made before has then to be filled in.

    Raises:
        WfError: kind ``STORAGE`` when a newer wf made it.
        sqlite3.DatabaseError: it cannot be read or written.
    """
    version = _version(connection)
    if version > VERSION:
        raise WfError(
            STORAGE,
            f"the index of runs was made by a newer wf: its schema is {version}, and this wf "
            f"knows those up to {VERSION}",
            hint=f"update wf, or remove {path}: it is made again from the run folders",
        )
    if version == VERSION:
        return
    # readers then never wait for who writes; it cannot be changed within a transaction
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("BEGIN IMMEDIATE")
    try:
        left = _SCRIPTS[_version(connection) :]
        for name in left:
            for statement in _script(name).split(";"):
                if statement.strip():
                    connection.execute(statement)
        if left:
            connection.execute("DELETE FROM filled")
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _script(name: str) -> str:
    path = os.path.join(os.path.dirname(__file__), "migrations", name)
    try:
        with open(path, encoding="utf-8") as file:
            return "\n".join(line for line in file if not line.startswith("--"))
    except FileNotFoundError as error:
        raise WfError(INTERNAL, f"this installation of wf is incomplete: {path}") from error
