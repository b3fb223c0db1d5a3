"""Waiting for a change in a folder, with and without a kernel that tells of it."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING

import pytest

from runner.records import changes
from runner.records.changes import Changes
from tests.conftest import PATIENCE_SECONDS

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture(params=["told", "looking"])
def how(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    if request.param == "looking":
        monkeypatch.setattr(changes, "_watch", lambda _: None)
    return str(request.param)


@pytest.mark.parametrize("way", ["appended", "replaced", "made"])
@pytest.mark.usefixtures("how")
def test_every_kind_of_change_ends_the_wait(tmp_path: Path, way: str) -> None:
    file = tmp_path / "file"
    if way != "made":
        file.write_text("before")
    watched = Changes(tmp_path)

    def change() -> None:
        time.sleep(0.05)
        if way == "replaced":
            (tmp_path / "new").write_text("after")
            (tmp_path / "new").replace(file)
        else:
            with file.open("a") as opened:
                opened.write("after")

    threading.Thread(target=change).start()
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (file.exists() and file.read_text().endswith("after")):
        assert time.monotonic() < deadline
        watched.wait([], PATIENCE_SECONDS)
    watched.close()


@pytest.mark.usefixtures("how")
def test_others_are_heard_meanwhile(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    watched = Changes(tmp_path)
    assert watched.wait([reading], 0.01) == set()
    os.write(writing, b"x")
    assert watched.wait([reading], None) == {reading}
    assert watched.rest([reading], PATIENCE_SECONDS) == {reading}
    watched.close()
    os.close(reading)
    os.close(writing)


def test_a_folder_in_the_folder_is_not_watched(tmp_path: Path) -> None:
    """A job writes a lot into its workspace."""
    inner = tmp_path / "workspace"
    inner.mkdir()
    watched = Changes(tmp_path)
    began = time.monotonic()
    (inner / "file").write_text("x")
    watched.wait([], 0.2)
    assert time.monotonic() - began >= 0.2
    watched.close()


def test_who_watches_no_more_still_looks_now_and_then(tmp_path: Path) -> None:
    watched = Changes(tmp_path)
    for _ in range(2):
        watched.close()
    assert watched.closed
    reading, writing = os.pipe()
    assert watched.wait([reading], None) == set()
    os.write(writing, b"x")
    assert watched.wait([reading], None) == {reading}
