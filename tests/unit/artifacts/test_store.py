"""Equal files of several runs are one, and nobody can write to it."""

from __future__ import annotations

import os
import signal
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from runner.artifacts.store import crew
from runner.artifacts.store.pool import Pool
from runner.paths import Home
from tests.unit.artifacts.taking_in import made, objects

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"weights" * 1000
NAMES = (blake3(CONTENT).hexdigest(), blake3(b"#!/bin/sh\n").hexdigest())


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path)


def fill(out: Path) -> None:
    (out / "model.ckpt").write_bytes(CONTENT)
    (out / "tool").write_bytes(b"#!/bin/sh\n")
    (out / "tool").chmod(0o750)
    (out / "empty").touch()
    os.utime(out / "model.ckpt", ns=(1, 1_234_567_890_123_456_789))


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def objects_path(home: Home, content: bytes = CONTENT) -> Path:
    digest = blake3(content).hexdigest()
    return home.objects / digest[:2] / digest[2:]


def test_equal_files_of_two_runs_are_one_file(home: Home) -> None:
    first, second = (made(home, name, fill) for name in ("first-1", "second-1"))
    first.take_in()
    second.take_in()
    for name in ("model.ckpt", "tool"):
        assert first.inode(name) == second.inode(name)
    assert first.inode("empty") != second.inode("empty")
    assert objects(home) == {
        f"{NAMES[0][:2]}/{NAMES[0][2:]}": 3,
        f"{NAMES[1][:2]}/{NAMES[1][2:]}.x": 3,
    }
    assert [mode(second.file(name)) for name in ("model.ckpt", "tool", "empty")] == [
        0o444, 0o555, 0o444,
    ]  # fmt: skip
    assert first.artifact.digest == second.artifact.digest


def test_lists_tell_modes_and_times_as_the_job_left_them(home: Home) -> None:
    run = made(home, "first-1", fill)
    run.take_in()
    entries = {entry.path: entry for entry in run.entries}
    assert entries["out/model.ckpt"].modified == 1_234_567_890_123_456_789
    assert entries["out/tool"].mode == 0o750


def test_one_content_may_be_executed_here_and_not_there(home: Home) -> None:
    def other(out: Path) -> None:
        fill(out)
        (out / "tool").chmod(0o640)

    first, second = made(home, "first-1", fill), made(home, "second-1", other)
    first.take_in()
    second.take_in()
    assert [mode(run.file("tool")) for run in (first, second)] == [0o555, 0o444]


def test_a_file_with_another_name_outside_is_left_to_that(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "mine"
    outside.write_bytes(CONTENT)
    outside.chmod(0o664)
    run = made(home, "first-1", lambda out: os.link(outside, out / "linked"))
    run.take_in()
    with outside.open("ab") as file:
        file.write(b"more")
    assert mode(outside) == 0o664
    assert run.file("linked").read_bytes() == CONTENT
    assert run.entries[0].mode == 0o664


def test_a_file_that_somebody_still_writes_to_is_kept_as_it_was_read(home: Home) -> None:
    run = made(home, "first-1", fill)
    with (run.paths.workspace / "out" / "model.ckpt").open("ab", buffering=0) as writer:
        run.take_in()
        writer.write(b"later")
        assert run.file("model.ckpt").read_bytes() == CONTENT
    assert run.entries[1].digest == f"blake3:{NAMES[0]}"


@pytest.mark.parametrize("damage", ["shorter", "same size", "writable", "link", "folder"])
def test_an_object_that_was_damaged_by_hand_is_not_used(home: Home, damage: str) -> None:
    found = objects_path(home)
    found.parent.mkdir(parents=True)
    if damage == "folder":
        found.mkdir()
    elif damage == "link":
        found.symlink_to("/etc/passwd")
    else:
        found.write_bytes(b"x" * (len(CONTENT) - (damage == "shorter")))
        found.chmod(0o644 if damage == "writable" else 0o444)
    run = made(home, "first-1", fill)
    run.take_in()
    assert run.file("model.ckpt").read_bytes() == CONTENT
    if damage != "folder":  # the next one finds what is right
        assert objects_path(home).samefile(run.file("model.ckpt"))


@pytest.mark.parametrize("size", [1000, 3 << 20])
def test_what_was_changed_by_hand_in_one_run_is_not_given_to_another(home: Home, size: int) -> None:
    content = b"x" * size
    first, second = (
        made(home, name, lambda out: (out / "a").write_bytes(content))
        for name in ("first-1", "second-1")
    )
    first.take_in()
    first.file("a").chmod(0o644)
    first.file("a").write_bytes(b"y" * size)
    first.file("a").chmod(0o444)
    second.take_in()
    assert second.file("a").read_bytes() == content


def test_a_file_with_as_many_names_as_it_can_have_is_kept_twice(home: Home, tmp_path: Path) -> None:
    runs = [made(home, f"run-{at}", fill) for at in range(3)]
    runs[0].take_in()
    names = tmp_path / "names"
    names.mkdir()
    full = False
    with suppress(OSError):
        for number in range(65_000):  # as many as ext4 allows; others allow a file more
            full = number + 1 >= 65_000
            os.link(runs[0].file("model.ckpt"), names / str(number))
    if full:
        pytest.skip("files may have more names here")
    for run in runs[1:]:
        run.take_in()
        assert run.file("model.ckpt").read_bytes() == CONTENT
    first, second, third = (run.inode("model.ckpt") for run in runs)
    assert first != second == third
    assert first != objects_path(home).stat().st_ino == second


def test_a_pool_that_cannot_be_written_to_is_done_without(home: Home) -> None:
    home.objects.write_text("no folder")
    run = made(home, "first-1", fill)
    run.take_in()
    assert run.file("model.ckpt").read_bytes() == CONTENT
    assert mode(run.file("model.ckpt")) == 0o444


def test_holes_are_neither_read_nor_filled(home: Home) -> None:
    def sparse(out: Path) -> None:
        with (out / "sparse").open("wb") as file:
            file.seek(1 << 20)
            file.write(b"data")
            file.truncate(64 << 20)

    run = made(home, "first-1", sparse)
    run.take_in()
    whole = bytes(1 << 20) + b"data" + bytes((64 << 20) - (1 << 20) - 4)
    assert run.entries[0].digest == f"blake3:{blake3(whole).hexdigest()}"
    assert run.file("sparse").stat().st_blocks * 512 < 1 << 20


def test_a_sparse_file_that_must_be_copied_stays_sparse(home: Home, tmp_path: Path) -> None:
    outside = tmp_path / "mine"
    with outside.open("wb") as file:
        file.write(b"begin")
        file.truncate(64 << 20)
    run = made(home, "first-1", lambda out: os.link(outside, out / "sparse"))
    run.take_in()
    found = run.file("sparse").stat()
    assert (found.st_size, found.st_nlink) == (64 << 20, 2)
    assert found.st_blocks * 512 < 1 << 20


def test_what_lies_in_two_artifacts_is_told_of_alike_in_both(home: Home) -> None:
    run = made(home, "first-1", fill)
    outer, inner = run.take_in("out", "out/tool")
    assert [entry for entry in outer.entries() if entry.path == "out/tool"] == [*inner.entries()]


@pytest.mark.parametrize("point", ["noted", "staged", "listed", "collected"])
def test_killed_there_and_taken_in_again(home: Home, point: str) -> None:
    """Nothing is lost: neither bytes, nor modes, nor times."""
    made(home, "zero-1", fill).take_in()
    whole, run = made(home, "first-1", fill), made(home, "second-1", fill)
    whole.take_in()
    before = run.paths.workspace / "out"
    times = [(before / name).stat().st_mtime_ns for name in ("empty", "model.ckpt", "tool")]
    if point != "collected":
        run.killed_at(point)
    else:
        run.take_in()
        run.paths.manifest.unlink()
    run.take_in()
    assert [entry[:5] for entry in run.entries] == [entry[:5] for entry in whole.entries]
    assert [entry.modified for entry in run.entries] == times
    assert run.inode("model.ckpt") == whole.inode("model.ckpt")
    assert set(objects(home).values()) == {4}
    assert sorted(os.listdir(run.paths.root)) == [
        "artifacts",
        "manifest",
        "manifest.json",
        "workspace",
    ]
    assert os.listdir(run.paths.lists) == ["0.jsonl"]


def many(out: Path) -> None:
    for number in range(1000):
        (out / f"{number:04}").write_bytes(b"%d" % (number % 700 + 1))


def test_many_files_are_shared_out_among_processes(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, together = made(home, "first-1", many), made(home, "second-1", many)
    monkeypatch.setattr(crew, "_cores", lambda: 1)
    alone.take_in()
    monkeypatch.setattr(crew, "_cores", lambda: 3)
    together.take_in()
    assert [entry[:5] for entry in together.entries] == [entry[:5] for entry in alone.entries]
    assert len(together.entries) == 1000
    assert set(objects(home).values()) == {3, 5}


def test_two_collect_the_same_at_once(home: Home) -> None:
    runs = [made(home, f"run-{number}", many) for number in range(3)]
    pids = []
    for run in runs:
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                run.take_in()
                code = 0
            finally:
                os._exit(code)
        pids.append(pid)
    assert [os.waitpid(pid, 0)[1] for pid in pids] == [0, 0, 0]
    assert len({run.artifact.digest for run in runs}) == 1
    for number in range(1000):
        assert {run.file(f"{number:04}").read_bytes() for run in runs} == {
            b"%d" % (number % 700 + 1)
        }
    assert {stat.S_IMODE(path.stat().st_mode) for path in home.objects.glob("*/*")} == {0o444}


def test_what_a_process_was_at_that_died_is_done_all_the_same(
    home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "_cores", lambda: 2)
    parent = os.getpid()
    share = Pool.share

    def die(*arguments: object) -> None:
        if os.getpid() != parent:
            os.kill(os.getpid(), signal.SIGKILL)
        share(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Pool, "share", die)
    run = made(home, "first-1", many)
    run.take_in()
    assert len(run.entries) == 1000
    assert {entry.mode for entry in run.entries} == {0o644}
    assert os.listdir(run.paths.lists) == ["0.jsonl"]
