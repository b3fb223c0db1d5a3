"""What every remote store does, the one that only tests have included."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from runner import compose
from runner.artifacts.remote.interface import Absent
from runner.artifacts.remote.layout import PIECE
from tests.fakes.remote import FakeRemote
from tests.servers.places import PLACES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.remote.interface import Remote

pytestmark = pytest.mark.integration


@pytest.fixture(params=["fake", *PLACES])
def remote(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Remote]:
    if request.param == "fake":
        yield FakeRemote()
        return
    place = PLACES[request.param](tmp_path)
    for name, value in place.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("HOME", str(tmp_path))
    found = compose.remote(place.url, dict(os.environ), tmp_path)
    try:
        yield found
    finally:
        found.close()
        place.close()


def test_what_is_written_is_read_and_seen(remote: Remote) -> None:
    remote.write("objects/ab/cdef", b"hello")
    remote.write("objects/ab/ghij", b"")
    assert remote.read("objects/ab/cdef", 100) == b"hello"
    assert dict(remote.look("objects/ab").files) == {"cdef": 5, "ghij": 0}


def test_nothing_is_there_before_it_is_written(remote: Remote) -> None:
    with pytest.raises(Absent):
        remote.read("objects/ab/cdef", 100)
    found = remote.look("objects/ab")
    assert (dict(found.files), list(found.folders)) == ({}, [])


def test_what_is_beside_a_name_is_not_it(remote: Remote) -> None:
    remote.write("objects/ab/cdef", b"hello")
    for name in ("objects/ab/cde", "objects/ab/cdefg", "objects/ab"):
        with pytest.raises(Absent):
            remote.read(name, 100)


def test_writing_again_replaces(remote: Remote) -> None:
    remote.write("runs/a/run.json", b"first, and longer")
    remote.write("runs/a/run.json", b"second")
    assert remote.read("runs/a/run.json", 100) == b"second"
    assert dict(remote.look("runs/a").files) == {"run.json": 6}


def test_no_more_is_read_than_is_asked_for(remote: Remote) -> None:
    remote.write("objects/ab/cdef", bytes(range(256)) * 1000)
    assert remote.read("objects/ab/cdef", 1000) == (bytes(range(256)) * 1000)[:1000]


def test_a_whole_piece(remote: Remote) -> None:
    content = os.urandom(PIECE)
    remote.write("objects/ab/cdef", content)
    assert remote.read("objects/ab/cdef", PIECE + 1) == content


def test_folders_are_told_from_files(remote: Remote) -> None:
    remote.write("runs/a-run-1/manifest/0.jsonl", b"x")
    remote.write("runs/a-run-1/manifest.json", b"xy")
    remote.write("runs/b-run-1/manifest.json", b"xyz")
    assert sorted(remote.look("runs").folders) == ["a-run-1", "b-run-1"]
    found = remote.look("runs/a-run-1")
    assert (dict(found.files), list(found.folders)) == ({"manifest.json": 2}, ["manifest"])


def test_many_at_once(remote: Remote) -> None:
    contents = {f"objects/{at % 7:02x}/{at:04}": f"{at}".encode() * at for at in range(200)}
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda item: remote.write(*item), contents.items()))
        read = list(pool.map(lambda name: remote.read(name, 10_000), contents))
    assert read == list(contents.values())
    sizes = {
        f"objects/{folder:02x}/{name}": size
        for folder in range(7)
        for name, size in remote.look(f"objects/{folder:02x}").files.items()
    }
    assert sizes == {name: len(content) for name, content in contents.items()}


def test_two_that_write_the_same_name_leave_one_of_both(remote: Remote) -> None:
    contents = [bytes([at]) * 300_000 for at in range(8)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: remote.write("objects/ab/cdef", content), contents))
    assert remote.read("objects/ab/cdef", 400_000) in contents
    assert len(remote.look("objects/ab").files) == 1


def test_more_files_than_one_answer_has(remote: Remote) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda at: remote.write(f"objects/ab/{at:05}", b"x"), range(1100)))
    assert len(remote.look("objects/ab").files) == 1100


def test_closing_twice_is_as_good_as_once(remote: Remote) -> None:
    remote.write("objects/ab/cdef", b"hello")
    remote.close()
    remote.close()
