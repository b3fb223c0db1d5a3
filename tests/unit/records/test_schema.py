"""Indexes of every older version are brought up to date; those of a newer one are left alone.

``schemas/N.sql`` is what an index of version N looked like, with rows in it; it never changes.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from runner.errors import STORAGE, WfError
from runner.paths import Home
from runner.records.schema import VERSION
from tests.unit.records.made import make, records_of

OLD = sorted(Path(__file__).with_name("schemas").glob("*.sql"), key=lambda path: int(path.stem))


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def schema(home: Home) -> set[tuple[str, str]]:
    with closing(sqlite3.connect(home.database)) as connection:
        found = connection.execute("SELECT type, name FROM sqlite_master")
        return {(str(kind), str(name)) for kind, name in found}


def test_there_is_one_of_every_version_before_this_one() -> None:
    assert [int(path.stem) for path in OLD] == list(range(1, VERSION))


@pytest.mark.parametrize("old", OLD, ids=lambda path: str(path.stem))
def test_an_older_index_becomes_a_new_one(home: Home, tmp_path: Path, old: Path) -> None:
    with closing(sqlite3.connect(home.database)) as connection:
        connection.executescript(old.read_text())
    made = make(home, "wet-mango-1", days=3, fingerprint="cafe", inputs=("calm-fox-7",))
    fresh = Home(tmp_path / "fresh")
    fresh.root.mkdir()
    records_of(fresh).index()
    records = records_of(home)
    (row,) = records.index().newest()
    # what the folder says, and nothing of runs whose folders are gone
    assert (row.name, row.fingerprint) == (made.root.name, "cafe")
    assert records.index().made_from("calm-fox-7") == ["wet-mango-1"]
    assert schema(home) == schema(fresh)


def test_a_newer_index_is_refused_with_both_versions(home: Home) -> None:
    records_of(home).index()
    with closing(sqlite3.connect(home.database)) as connection:
        connection.execute(f"PRAGMA user_version = {VERSION + 4}")
    with pytest.raises(WfError) as refused:
        records_of(home).index()
    assert refused.value.kind == STORAGE
    assert f"schema is {VERSION + 4}" in refused.value.message
    assert f"up to {VERSION}" in refused.value.message
    assert str(home.database) in (refused.value.hint or "")


def test_a_damaged_index_says_what_to_do(home: Home) -> None:
    make(home, "wet-mango-1")
    home.database.write_bytes(b"no database at all" * 400)
    with pytest.raises(WfError) as refused:
        records_of(home).index()
    assert refused.value.kind == STORAGE
    assert f"remove {home.database}" in (refused.value.hint or "")
    home.database.unlink()
    assert [row.name for row in records_of(home).index().newest()] == ["wet-mango-1"]


def test_a_script_that_fails_leaves_the_old_index(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.records import schema as schema_

    with closing(sqlite3.connect(home.database)) as connection:
        connection.executescript(OLD[-1].read_text())
    before = schema(home)
    real = schema_._script

    def broken(name: str) -> str:
        return real(name) + "; CREATE TABLE runs (again TEXT)"

    with monkeypatch.context() as patched:
        patched.setattr(schema_, "_script", broken)
        with pytest.raises(WfError):
            records_of(home).index()
    assert schema(home) == before
    assert records_of(home).index().filled
