"""Many small files are made one with their equals when the run is over, by whoever does it."""

from __future__ import annotations

import os
import shutil
import signal
import stat
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.store import listing
from runner.artifacts.store.afterwards import share
from runner.artifacts.store.pool import Pool
from runner.paths import Home
from runner.records.store import Records
from tests.conftest import until
from tests.unit.artifacts.taking_in import Kept, apart, go_on, made, objects, stopped

if TYPE_CHECKING:
    from collections.abc import Callable

SIZE = 8192
FILES = ("a", "b", "c", "sub/d")
AS_LEFT = {"a": 0o644, "b": 0o666, "c": 0o750, "d": 0o644, "empty": 0o600}
READ_ONLY = {"a": 0o444, "b": 0o444, "c": 0o555, "d": 0o444, "empty": 0o444}


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    monkeypatch.setattr(listing, "_FEW", 1)  # these few files are many
    return Home(tmp_path)


def fill(out: Path) -> None:
    (out / "sub").mkdir()
    for name in FILES:
        (out / name).write_bytes(name[-1:].encode() * SIZE)
    (out / "empty").touch()
    for path in (path for path in out.rglob("*") if path.is_file()):
        path.chmod(AS_LEFT[path.name])
    os.utime(out / "a", ns=(1, 1_234_567_890_123_456_789))


def kept(home: Home, name: str) -> Kept:
    """A run that is over, and of which nothing is shared."""
    run = made(home, name, fill)
    run.take_in(later=True)
    return run


def shared(home: Home, name: str) -> Kept:
    run = kept(home, name)
    run_share(run)
    return run


def run_share(run: Kept, *, wait: bool = True) -> int:
    return share(run.paths, run.unshared, Pool(run.home.objects), wait=wait)


def inodes(run: Kept) -> list[int]:
    return [run.inode(name) for name in FILES]


def modes(run: Kept) -> dict[str, int]:
    files = (path for path in run.file("").rglob("*") if path.is_file())
    return {path.name: stat.S_IMODE(path.stat().st_mode) for path in files}


def used(home: Home) -> int:
    files = {path.lstat().st_ino: path.lstat() for path in home.runs.rglob("out/**/*")}
    return sum(found.st_blocks * 512 for found in files.values())


def whole(run: Kept) -> bool:
    """Whether a run has all that it had, and nothing beside it."""
    there = sorted(path.name for path in run.paths.root.iterdir())
    return there == ["artifacts", "manifest", "manifest.json", "workspace"] and all(
        run.file(name).read_bytes() == name[-1:].encode() * SIZE for name in FILES
    )


def test_many_files_are_shared_later(home: Home) -> None:
    first = shared(home, "first-1")
    second = kept(home, "second-1")
    entries = second.entries
    assert set(inodes(first)).isdisjoint(inodes(second))
    assert second.unshared.exists()
    assert modes(second) == AS_LEFT
    before = used(home)
    freed = run_share(second)
    assert freed == before - used(home) == len(FILES) * SIZE
    assert inodes(first) == inodes(second)
    assert set(objects(home).values()) == {3}
    assert not second.unshared.exists()
    assert modes(second) == READ_ONLY
    assert second.entries == entries
    assert {Path(one.path).name: one.mode for one in entries} == AS_LEFT
    assert entries[0].modified == 1_234_567_890_123_456_789
    assert run_share(second) == 0
    assert whole(second)


def test_few_files_and_large_ones_are_shared_at_once(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    def large(out: Path) -> None:
        fill(out)
        (out / "large").write_bytes(b"x" * (1 << 20))

    runs = [made(home, name, large) for name in ("first-1", "second-1")]
    for run in runs:
        run.take_in(later=True)
    assert runs[0].inode("large") == runs[1].inode("large")
    # it may be given out by a further name from now on
    assert modes(runs[0]) == AS_LEFT | {"large": 0o444}
    assert set(inodes(runs[0])).isdisjoint(inodes(runs[1]))
    monkeypatch.setattr(listing, "_FEW", 256)
    third, fourth = kept(home, "third-1"), kept(home, "fourth-1")
    assert inodes(third) == inodes(fourth)
    assert not third.unshared.exists()


def _written(path: Path, content: bytes) -> None:
    times = path.stat()
    path.write_bytes(content)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def _link(path: Path) -> None:
    path.unlink()
    path.symlink_to("a")


def _folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


DIFFERENT: dict[str, Callable[[Path], object]] = {
    "another mode": lambda path: path.chmod(0o640),
    "touched": lambda path: os.utime(path, ns=(1, 1)),
    "longer": lambda path: _written(path, b"b" * (SIZE + 1)),
    "written to": lambda path: _written(path, b"B" * SIZE),
    "linked": lambda path: os.link(path, path.with_name("other")),
    "a link": _link,
    "a folder": _folder,
    "gone": lambda path: path.unlink(),
}


@pytest.mark.parametrize("how", DIFFERENT)
def test_what_is_not_as_it_was_kept_is_left_alone(home: Home, how: str) -> None:
    first, second = shared(home, "first-1"), kept(home, "second-1")
    DIFFERENT[how](second.file("b"))
    before = os.path.lexists(second.file("b")) and second.file("b").lstat()
    run_share(second)
    after = os.path.lexists(second.file("b")) and second.file("b").lstat()
    assert (before and before.st_ino) == (after and after.st_ino)
    assert second.inode("a") == first.inode("a")
    assert not second.unshared.exists()


@pytest.mark.parametrize("how", ["written to", "open"])
def test_nobody_comes_to_depend_on_what_can_be_or_was_written_to(home: Home, how: str) -> None:
    second = kept(home, "second-1")
    with second.file("b").open("r+b") as writing:
        if how == "written to":
            writing.close()
            DIFFERENT[how](second.file("b"))
        run_share(second)
    assert second.file("b").stat().st_nlink == 1
    assert second.file("a").stat().st_nlink == 2
    # whoever else would write to it cannot
    assert modes(second) == READ_ONLY


def test_what_was_changed_by_hand_in_another_run_is_not_taken(home: Home) -> None:
    first, second = shared(home, "first-1"), kept(home, "second-1")
    first.file("b").chmod(0o644)
    _written(first.file("b"), b"B" * SIZE)
    first.file("b").chmod(0o444)
    run_share(second)
    assert whole(second)
    assert second.inode("a") == first.inode("a")


def test_whose_mode_would_not_be_known_again_is_read_only_at_once(home: Home) -> None:
    def unlike(out: Path) -> None:
        fill(out)
        (out / "b").chmod(0o4711)
        (out / "c").chmod(0o044)

    run = made(home, "first-1", unlike)
    run.take_in(later=True)
    assert modes(run) == AS_LEFT | {"b": 0o555, "c": 0o444}
    entries = {Path(one.path).name: one.mode for one in run.entries}
    assert entries == AS_LEFT | {"b": 0o711, "c": 0o044}


def test_where_it_cannot_be_marked_it_is_done_at_once(home: Home) -> None:
    first = shared(home, "first-1")
    home.unshared.rmdir()
    home.unshared.touch()
    second = kept(home, "second-1")
    assert inodes(first) == inodes(second)
    assert modes(second) == READ_ONLY


def test_a_link_in_the_place_of_a_folder_is_not_followed(home: Home, tmp_path: Path) -> None:
    second = kept(home, "second-1")
    outside = tmp_path / "outside"
    second.file("sub").rename(outside)
    second.file("sub").symlink_to(outside)
    run_share(second)
    assert (outside / "d").stat().st_nlink == 1


@pytest.mark.parametrize("point", ["sharing", "locked", "staged"])
def test_whoever_is_killed_is_followed_by_another(home: Home, point: str) -> None:
    first, second = shared(home, "first-1"), kept(home, "second-1")
    pid = apart(lambda: run_share(second), f"{point}=kill")
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == -signal.SIGKILL
    assert second.unshared.exists()
    assert all(second.file(name).read_bytes() == first.file(name).read_bytes() for name in FILES)
    run_share(second)
    assert inodes(first) == inodes(second)
    assert modes(second) == READ_ONLY
    assert whole(second)


@pytest.mark.parametrize("point", ["listed"])
@pytest.mark.parametrize("at_once", [False, True])
def test_whoever_takes_them_in_is_killed(home: Home, point: str, at_once: bool) -> None:  # noqa: FBT001
    """The mark is there before anything counts on it, and outlives whoever set it."""
    first = shared(home, "first-1")
    second = made(home, "second-1", fill)
    second.killed_at(point, later=True)
    assert second.unshared.exists()
    second.take_in(later=not at_once)
    assert {Path(one.path).name: one.mode for one in second.entries} == AS_LEFT
    run_share(second)
    assert inodes(first) == inodes(second)
    assert modes(second) == READ_ONLY
    assert not second.unshared.exists()
    assert whole(second)


def waits(pid: int) -> bool:
    """Whether a process waits for a lock (proc_locks(5))."""
    locks = Path("/proc/locks").read_text().splitlines()
    return any(f" {pid} " in line and "->" in line for line in locks)


def test_two_at_once(home: Home) -> None:
    first, second = shared(home, "first-1"), kept(home, "second-1")
    pid = stopped(lambda: run_share(second), "staged")
    assert run_share(second, wait=False) == 0
    assert second.unshared.exists()
    other = apart(lambda: run_share(second))
    until(lambda: waits(other), "the other one waiting")
    go_on(pid)
    assert os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]) == 0
    assert inodes(first) == inodes(second)
    assert whole(second)


@pytest.mark.parametrize("point", ["sharing", "staged"])
@pytest.mark.parametrize("equals", [False, True])
def test_a_run_may_be_removed_meanwhile(home: Home, point: str, equals: bool) -> None:  # noqa: FBT001
    if equals or point == "staged":
        shared(home, "first-1")
    second = kept(home, "second-1")
    pid = stopped(lambda: run_share(second), point)

    def remove() -> None:
        Records(home, lambda: datetime.now(timezone.utc)).forget(second.paths)

    removing = apart(remove)
    until(lambda: waits(removing), "the other one waiting")
    assert not second.paths.root.exists()
    assert go_on(pid) == 0  # after one file he sees it
    assert os.waitstatus_to_exitcode(os.waitpid(removing, 0)[1]) == 0
    assert not second.paths.root.exists()
    assert list(home.removed.iterdir()) == []
    assert set(objects(home).values()) <= {2}
    assert Pool(home.objects).unneeded() == 0


@pytest.mark.parametrize("point", ["", "locked", "staged"])
def test_collecting_again_shares_them_all(home: Home, point: str) -> None:
    first, second = shared(home, "first-1"), kept(home, "second-1")
    entries = second.entries
    if point:
        os.waitpid(apart(lambda: run_share(second), f"{point}=kill"), 0)
    second.take_in()
    assert inodes(first) == inodes(second)
    assert modes(second) == READ_ONLY
    assert second.entries == entries
    assert run_share(second) == 0


def test_without_artifacts_or_a_whole_list_it_comes_to_an_end(home: Home) -> None:
    runs = [kept(home, name) for name in ("first-1", "second-1")]
    shutil.rmtree(runs[0].paths.artifacts)
    listed = runs[1].paths.lists / "0.jsonl"
    listed.write_bytes(b'{"path":\n' + listed.read_bytes()[:-20])
    for run in runs:
        run_share(run)
        assert not run.unshared.exists()
