"""A disk that is full at any page of taking in: nothing is lost, and a repeat does the rest."""

from __future__ import annotations

import errno
import os
import stat
from typing import TYPE_CHECKING

import pytest

from runner.errors import STORAGE, WfError
from runner.paths import Home
from tests.faults.mounts import Disk, own_mounts
from tests.unit.artifacts.taking_in import Kept, made

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.integration

FILES = 40
PAGE = 4096


def fill(out: Path) -> None:
    for number in range(FILES):
        (out / f"{number:02}").write_bytes(b"%d" % number)
        (out / f"{number:02}").chmod(0o640)


def contents(run: Kept) -> list[bytes]:
    """What is there of the job's files, wherever it is."""
    at = run.paths.artifacts / "out"
    folder = at if at.exists() else run.paths.workspace / "out"
    return [path.read_bytes() for path in sorted(folder.iterdir())]


@pytest.mark.parametrize("free", range(8))
def test_full_at_some_page(tmp_path: Path, free: int) -> None:
    with own_mounts():
        disk = Disk(tmp_path / "home")
        run = made(Home(disk.folder), "first-1", fill)
        spare = disk.folder / "spare"
        spare.write_bytes(bytes(free * PAGE))
        disk.fill()
        spare.unlink()
        said: list[tuple[int, str | None]] = []
        try:
            run.take_in()
        except WfError as error:
            said.append((error.kind, error.hint))
        room = f"make room: du -xh -d1 {disk.folder} | sort -h"
        assert said in ([], [(STORAGE, f"{room}; then: wf artifacts collect first-1")])
        assert run.paths.manifest.exists() == (not said)
        whole = [b"%d" % number for number in range(FILES)]
        assert contents(run) == whole
        disk.make_room()
        run.take_in()
        assert contents(run) == whole
        assert {entry.mode for entry in run.entries} == {0o640}
        assert {stat.S_IMODE(run.file(f"{at:02}").stat().st_mode) for at in range(FILES)} == {0o444}


LINKED = 64 * PAGE


def linked(out: Path) -> None:
    """A checkpoint that a job has under two names: of one of them a copy has to be made."""
    (out / "last.ckpt").write_bytes(b"x" * LINKED)
    os.link(out / "last.ckpt", out / "best.ckpt")


@pytest.mark.parametrize("free", [4, 32])
def test_full_while_a_file_with_two_names_is_copied(tmp_path: Path, free: int) -> None:
    with own_mounts():
        disk = Disk(tmp_path / "home")
        run = made(Home(disk.folder), "first-1", linked)
        spare = disk.folder / "spare"
        spare.write_bytes(bytes(free * PAGE))
        disk.fill()
        spare.unlink()
        with pytest.raises(WfError) as caught:
            run.take_in()
        said = caught.value
        assert f"the disk mounted at {disk.folder} is full" in said.message
        room = f"make room: du -xh -d1 {disk.folder} | sort -h"
        assert (said.kind, said.hint) == (STORAGE, f"{room}; then: wf artifacts collect first-1")
        # whoever writes the end of it may take the room that was kept for that
        assert isinstance(said.__cause__, OSError)
        assert said.__cause__.errno == errno.ENOSPC
        assert not run.paths.manifest.exists()
        disk.make_room()
        run.take_in()
        assert contents(run) == [b"x" * LINKED] * 2
        assert len(run.entries) == 2
