"""The index is made from the folders when it is new, by one command, and by the next if need be."""

from __future__ import annotations

import fcntl
import os
import threading
from typing import TYPE_CHECKING

import pytest

from runner.paths import Home
from runner.records import behind, filling, folder
from runner.records.index import Index
from tests.conftest import until
from tests.unit.records.made import asked, make, records_of

if TYPE_CHECKING:
    from pathlib import Path

    from runner.records.store import Records


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def names(records: Records) -> list[str]:
    return [row.name for row in records.index().newest()]


def test_it_says_what_the_folders_say(home: Home) -> None:
    make(home, "old-1", days=2, inputs=("data-1",))
    make(home, "new-1", status="failed")
    home.run("half-1").root.mkdir()
    records = records_of(home)
    assert names(records) == ["new-1", "old-1"]
    assert records.index().made_from("data-1") == ["old-1"]
    assert [row.status for row in records.index().newest()] == ["failed", "succeeded"]


def test_who_is_killed_while_filling_it_is_followed_by_somebody(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    class KilledError(BaseException):
        pass

    for number in range(6):
        make(home, f"run-{number}", days=number)
    monkeypatch.setattr(filling, "_AT_ONCE", 2)
    really, calls = Index.put, iter(range(9))

    def put(self: Index, *words: object, **more: object) -> None:
        if next(calls) == 2:
            raise KilledError
        really(self, *words, **more)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(Index, "put", put)
        with pytest.raises(KilledError):
            records_of(home).index()
    assert sorted(names(records_of(home))) == [f"run-{number}" for number in range(6)]


def test_others_wait_for_who_fills_it_and_say_so(home: Home) -> None:
    make(home, "old-1")
    said: list[str] = []
    turn = os.open(home.root, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(turn, fcntl.LOCK_EX)
    found: list[str] = []
    waiting = threading.Thread(target=lambda: found.extend(names(records_of(home, said))))
    waiting.start()
    until(lambda: said, "a word of the one who waits")
    assert "waiting for another command" in said[0]
    assert found == []
    os.close(turn)
    waiting.join()
    assert found == ["old-1"]


def test_that_it_takes_long_is_said_once(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(6):
        make(home, f"run-{number}")
    monkeypatch.setattr(filling, "_AT_ONCE", 2)
    monkeypatch.setattr(filling, "_PATIENT_SECONDS", -1.0)
    said: list[str] = []
    records_of(home, said).index()
    (line,) = said
    assert "making the index of runs again from 6 folders" in line
    said.clear()
    records_of(home, said).index()
    assert said == []


def test_a_run_that_is_removed_meanwhile_is_not_in_it(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(home, "gone-1")
    make(home, "here-1", days=1)
    really = filling.entry

    def entry(paths: object) -> object:
        found = really(paths)  # type: ignore[arg-type]
        if home.run("gone-1").root.exists():
            home.removed.mkdir()
            os.rename(home.run("gone-1").root, home.removed / "gone-1")
        return found

    monkeypatch.setattr(filling, "entry", entry)
    assert names(records_of(home)) == ["here-1"]


def test_what_older_versions_left_of_removed_runs_goes(home: Home) -> None:
    make(home, ".old-1.removed")
    assert names(records_of(home)) == []
    assert os.listdir(home.runs) == []


def test_a_run_that_the_index_cannot_take_is_there_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from runner.records import mirror

    monkeypatch.setattr(mirror, "_PATIENT_SECONDS", 0.0)
    records = records_of(home)
    records.index()
    other = Index(home.database)
    with other._write():  # somebody else keeps it locked
        run = records.create(asked(), lambda words: words[0])
        assert names(records) == []
        run.advance("failed", reason="storage")
    assert behind.marked(home) == [run.name]
    next_command = records_of(home)
    next_command.settle()
    assert [(row.name, row.status) for row in next_command.index().newest()] == [
        (run.name, "failed")
    ]
    assert behind.marked(home) == []
    other.close()
    run.close()


def test_a_run_appears_whole(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    records = records_of(home)
    seen: list[list[str]] = []
    really = folder.write_new

    def write_new(path: Path, document: dict[str, object]) -> None:
        seen.append(os.listdir(home.runs))
        really(path, document)

    monkeypatch.setattr(folder, "write_new", write_new)
    run = records.create(asked(), lambda words: words[0])
    assert seen == [[], []]
    assert os.listdir(home.runs) == [run.name]
    assert os.listdir(home.starting) == []
    assert {"submitted.json", "state.json", "lock", "supervisor"} <= set(os.listdir(run.paths.root))
    run.close()


def test_a_name_that_is_taken_is_not_taken_again(home: Home) -> None:
    home.runs.mkdir()
    home.run("able-ant-1").root.mkdir()
    home.run("able-ant-2").root.write_text("a file")
    records = records_of(home)
    runs = [records.create(asked(), lambda words: words[0]) for _ in range(2)]
    assert [run.name for run in runs] == ["able-ant-3", "able-ant-4"]
    for run in runs:
        run.close()


def test_what_a_killed_command_began_is_removed_by_a_later_one(home: Home) -> None:
    records = records_of(home)
    records.index()
    left, held = home.starting / "left", home.starting / "held"
    for path in (left, held):
        path.mkdir(parents=True)
        (path / "lock").touch()
    # whoever makes it is still at work
    lock = os.open(held, os.O_RDONLY | os.O_DIRECTORY)
    fcntl.flock(lock, fcntl.LOCK_EX)
    records.settle()
    assert os.listdir(home.starting) == ["held"]
    os.close(lock)
