"""Files that are written to, or removed, while they are kept: it is said, and the rest is kept."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, NamedTuple

import pytest
from blake3 import blake3

from runner.artifacts.collecting.collect import collect
from runner.artifacts.entries import Entry, stored
from runner.artifacts.store.pool import Pool
from runner.paths import Home
from runner.spec.workflow import ArtifactRequest
from tests.unit.artifacts.taking_in import go_on, made, stopped

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

SIZES = (1000, 100_000, 3 << 20)  # read at once; in parts; made one with its equals at once
LONG_AGO = 1_234_567_890_123_456_789
OTHER = b"other"


class Case(NamedTuple):
    """A run that is to keep a folder with two files, ``a`` and ``b``."""

    home: Home
    declared: str
    folder: Path
    content: bytes

    @classmethod
    def make(cls, tmp_path: Path, declared: str, size: int) -> Case:
        home = Home(tmp_path / "state")
        workspace = made(home, "first-1", lambda _: None).paths.workspace
        case = cls(home, declared, workspace / declared, os.urandom(size))
        case.folder.mkdir(exist_ok=True)
        for name in ("a", "b"):
            (case.folder / name).write_bytes(case.content)
            os.utime(case.folder / name, ns=(LONG_AGO, LONG_AGO))
        return case

    def kept(self, name: str) -> Path:
        return self.home.run("first-1").artifacts / stored(f"{self.declared}/{name}")

    def collect(self, meanwhile: Callable[[], object]) -> list[str]:
        """Do something when the first file has been opened; the remarks.

        Whatever is listed is there, and is what it is listed as.
        """
        paths, told = self.home.run("first-1"), self.home.root / "told"

        def work() -> None:
            requests = (ArtifactRequest(self.declared),)
            done = collect(paths.workspace, requests, paths, Pool(self.home.objects))
            told.write_text("\n".join(done.remarks))

        pid = stopped(work, "opened")
        meanwhile()
        go_on(pid)
        for text in (paths.lists / "0.jsonl").read_text().splitlines():
            entry = Entry(**json.loads(text))
            content = (paths.artifacts / stored(entry.path)).read_bytes()
            assert (entry.bytes, entry.digest) == (
                len(content),
                f"blake3:{blake3(content).hexdigest()}",
            )
        return told.read_text().splitlines()


def grow(writer: int, content: bytes) -> bytes:
    os.pwrite(writer, OTHER, len(content))
    return content + OTHER


def shrink(writer: int, content: bytes) -> bytes:
    os.truncate(writer, len(content) // 3)
    return content[: len(content) // 3]


def overwrite(writer: int, content: bytes) -> bytes:
    os.pwrite(writer, OTHER, 0)
    return OTHER + content[len(OTHER) :]


WAYS = pytest.mark.parametrize("how", [grow, shrink, overwrite])


@WAYS
@pytest.mark.parametrize("size", SIZES)
def test_what_is_moved_is_kept_as_it_was_read(
    tmp_path: Path, how: Callable[[int, bytes], bytes], size: int
) -> None:
    case = Case.make(tmp_path, "out", size)
    writer = os.open(case.folder / "a", os.O_WRONLY)
    try:
        said = case.collect(lambda: how(writer, case.content))
        after = case.kept("a").read_bytes()
        os.pwrite(writer, b"later", 0)
    finally:
        os.close(writer)
    assert said == ["changed while it was kept: out/a"]
    assert case.kept("a").read_bytes() == after
    assert case.kept("b").read_bytes() == case.content


@WAYS
@pytest.mark.parametrize("size", SIZES)
def test_what_is_copied_has_no_byte_that_was_never_there(
    tmp_path: Path, how: Callable[[int, bytes], bytes], size: int
) -> None:
    case = Case.make(tmp_path, f"{tmp_path}/outside", size)
    expected = case.content
    writer = os.open(case.folder / "a", os.O_WRONLY)

    def change() -> None:
        nonlocal expected
        expected = how(writer, case.content)

    try:
        said = case.collect(change)
    finally:
        os.close(writer)
    assert said == [f"changed while it was copied: {case.folder}/a"]
    # what was appended may be there or not
    kept = case.kept("a").read_bytes()
    assert kept == expected or (how is grow and kept == case.content)
    assert case.kept("b").read_bytes() == case.content


def test_what_vanishes_before_it_is_listed_is_said(tmp_path: Path) -> None:
    case = Case.make(tmp_path, "out", 1000)
    said = case.collect(lambda: case.kept("b").unlink())
    assert said == ["changed while it was kept: out/b"]
    assert case.kept("a").read_bytes() == case.content


def test_what_vanishes_before_it_is_copied_is_said(tmp_path: Path) -> None:
    case = Case.make(tmp_path, f"{tmp_path}/outside", 1000)
    said = case.collect((case.folder / "b").unlink)
    assert said == [f"gone while it was copied: {case.folder}/b"]
    assert case.kept("a").read_bytes() == case.content
    assert not case.kept("b").exists()
