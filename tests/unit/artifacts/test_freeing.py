"""What is free again when runs are removed, whose files are those of other runs as well."""

from __future__ import annotations

import os
import signal
from datetime import datetime, timezone
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.store.pool import Pool
from runner.artifacts.store.room import Freeing
from runner.failpoints import VARIABLE
from runner.paths import Home
from runner.records.store import Records
from tests.unit.artifacts.taking_in import Kept, made, objects

if TYPE_CHECKING:
    from pathlib import Path

MB = 1 << 20


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def records(home: Home) -> Records:
    return Records(home, lambda: datetime.now(timezone.utc))


def kept(home: Home, name: str, own: bytes) -> Kept:
    """A run with a megabyte that others have too, and one that it alone has."""

    def fill(out: Path) -> None:
        (out / "common").write_bytes(b"c" * MB)
        (out / "own").write_bytes(own * MB)
        (out / "again").write_bytes(own * MB)

    run = made(home, name, fill)
    run.take_in()
    return run


def used(home: Home) -> int:
    """What the runs and the pool take, in bytes, without the folders that the pool keeps."""
    found = {}
    for folder in (home.runs, home.removed, home.objects):
        for path in folder.rglob("*"):
            at = path.lstat()
            if folder != home.objects or not path.is_dir():
                found[at.st_ino] = at.st_blocks * 512
    return sum(found.values())


def test_a_run_frees_what_it_alone_has(home: Home) -> None:
    first, second = kept(home, "first-1", b"1"), kept(home, "second-1", b"2")
    for run, least in ((first, MB), (second, 2 * MB)):
        said = Freeing(Pool(home.objects)).add(run.paths.root)
        before = used(home)
        freed = records(home).forget(run.paths)
        # the folder of the run itself is not in what it holds
        assert said == freed == before - used(home) - 4096
        assert freed >= least
    assert objects(home) == {}


def test_two_runs_together_free_what_none_does_alone(home: Home) -> None:
    runs = [kept(home, name, name.encode()[:1]) for name in ("first-1", "second-1")]
    freeing = Freeing(Pool(home.objects))
    alone = [freeing.add(run.paths.root) for run in runs]
    assert freeing.bytes == sum(alone) + MB
    assert freeing.bytes == sum(records(home).forget(run.paths) for run in runs)


@pytest.mark.parametrize("point", ["out-of-sight", "artifacts-removed"])
def test_whoever_removes_a_run_is_killed_and_the_next_one_frees_the_rest(
    home: Home, point: str
) -> None:
    run = kept(home, "first-1", b"1")
    pid = os.fork()
    if pid == 0:
        os.environ[VARIABLE] = f"{point}=kill"
        try:
            records(home).forget(run.paths)
        finally:
            os._exit(1)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert len(objects(home)) == 2
    records(home).settle()
    assert objects(home) == {}
    assert os.listdir(home.removed) == []


def test_what_no_run_has_any_more_is_swept_and_nothing_else(home: Home) -> None:
    run = kept(home, "first-1", b"1")
    gone = kept(home, "gone-1", b"2")
    for name in ("common", "own", "again"):
        gone.file(name).unlink()
    pool = Pool(home.objects)
    assert pool.unneeded() == pool.sweep() == MB
    assert pool.sweep() == 0
    assert set(objects(home).values()) == {2, 3}
    assert run.file("common").read_bytes() == b"c" * MB
