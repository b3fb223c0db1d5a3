"""Giving files out of the store: as they were kept, each one of its own, and never elsewhere."""

from __future__ import annotations

import os
import resource
import stat
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from runner.artifacts.entries import Entry, stored
from runner.artifacts.giving.give import give
from runner.artifacts.giving.standing import standing

if TYPE_CHECKING:
    from collections.abc import Iterator

MODIFIED = 1_600_000_000_123_456_789


class Kept:
    """A folder of kept files, and a place for them."""

    def __init__(self, root: Path) -> None:
        self.source = root / "artifacts"
        self.target = root / "workspace"
        for folder in (self.source, self.target):
            folder.mkdir()
        self.entries: list[Entry] = []

    def file(self, path: str, content: bytes, mode: int = 0o644) -> Path:
        whole = self._room(path)
        whole.write_bytes(content)
        whole.chmod(0o444)
        self._add(path, "file", len(content), content, mode)
        return whole

    def link(self, path: str, text: str) -> None:
        self._room(path).symlink_to(text)
        self._add(path, "link", 0, os.fsencode(text), 0o777)

    def folder(self, path: str, mode: int) -> None:
        self._room(path).mkdir(mode=0o700)
        self._add(path, "directory", 0, b"", mode)

    def give(self, *, careful: bool = False, checked: bool = False) -> list[tuple[int, int]]:
        """Give all of it out; what was told meanwhile. ``damaged`` is afterwards what was not."""
        told: list[tuple[int, int]] = []

        def tell(files: int, size: int) -> None:
            told.append((files, size))

        self.damaged: list[Entry] = []
        damaged = self.damaged.append if checked else None
        give(self.source, self.entries, self.target, tell, careful=careful, damaged=damaged)
        return told

    def standing(self) -> dict[str, str]:
        found = standing(self.entries, self.target, lambda *_: None)
        return {entry.path: how for entry, how in found}

    def _room(self, path: str) -> Path:
        whole = self.source / stored(path)
        whole.parent.mkdir(parents=True, exist_ok=True)
        return whole

    def _add(self, path: str, kind: str, size: int, content: bytes, mode: int) -> None:
        digest = f"blake3:{blake3(content).hexdigest()}"
        self.entries.append(Entry(path, kind, size, digest, mode, MODIFIED))  # type: ignore[arg-type]


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    return Kept(tmp_path)


def _mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_files_links_and_empty_folders_are_as_the_job_had_left_them(kept: Kept) -> None:
    kept.file("data/run.sh", b"#!/bin/sh\n", 0o750)
    kept.file("data/deep/secret", b"hush", 0o600)
    kept.file("data/nothing", b"", 0o640)
    kept.link("data/latest", "../elsewhere/not there")
    kept.folder("data/hollow", 0o711)
    kept.give()
    target = kept.target / "data"
    assert (target / "run.sh").read_bytes() == b"#!/bin/sh\n"
    assert (target / "deep/secret").read_bytes() == b"hush"
    assert (target / "latest").readlink() == Path("../elsewhere/not there")
    modes = {"run.sh": 0o750, "deep/secret": 0o600, "nothing": 0o640, "hollow": 0o711}
    assert {name: _mode(target / name) for name in modes} == modes
    given = ("run.sh", "deep/secret", "nothing", "latest", "hollow")
    assert {(target / name).lstat().st_mtime_ns for name in given} == {MODIFIED}


def test_what_is_given_is_never_the_stored_file_itself(kept: Kept) -> None:
    whole = kept.file("model.ckpt", b"weights")
    for careful in (False, True):
        kept.give(careful=careful)
        given = kept.target / "model.ckpt"
        assert not given.samefile(whole)
        assert given.stat().st_nlink == 1
        given.write_bytes(b"changed")
        assert whole.read_bytes() == b"weights"


def test_holes_stay_holes(kept: Kept) -> None:
    whole = kept.source / "data"
    with whole.open("wb") as file:
        file.truncate(1 << 40)
        for at in (1 << 20, 1 << 30):
            file.seek(at)
            file.write(b"here")
    kept.entries.append(Entry("data", "file", 1 << 40, "blake3:", 0o600, MODIFIED))
    kept.give()
    given = kept.target / "data"
    assert given.stat().st_size == 1 << 40
    assert given.stat().st_blocks * 512 < 1 << 20
    with given.open("rb") as file:
        for at in (1 << 20, 1 << 30):
            file.seek(at - 1)
            assert file.read(6) == b"\0here\0"


def test_large_files_are_copied_whole_and_progress_is_told(kept: Kept) -> None:
    contents = {f"data/{number}": os.urandom((9 << 20) + number) for number in range(4)}
    contents["data/huge"] = os.urandom(65 << 20)
    for path, content in contents.items():
        kept.file(path, content)
    told = kept.give()
    for path, content in contents.items():
        assert (kept.target / path).read_bytes() == content
    assert told == sorted(told)
    assert told[-1] == (5, sum(map(len, contents.values())))


def test_an_older_version_wrote_down_neither_mode_nor_time(kept: Kept) -> None:
    whole = kept.file("run.sh", b"#!/bin/sh\n")
    whole.chmod(0o555)
    os.utime(whole, ns=(1, MODIFIED + 1))
    kept.entries = [kept.entries[0]._replace(mode=None, modified=None)]
    kept.give()
    given = kept.target / "run.sh"
    assert _mode(given) == 0o755
    assert given.stat().st_mtime_ns == MODIFIED + 1


def test_set_id_bits_are_not_given_out(kept: Kept) -> None:
    kept.file("tool", b"#!/bin/sh\n", 0o6755)
    kept.give()
    assert _mode(kept.target / "tool") == 0o755


def test_a_folder_that_may_not_be_written_can_be_filled(kept: Kept) -> None:
    kept.file("locked/file", b"here")
    (kept.source / "locked").chmod(0o555)
    kept.give()
    assert (kept.target / "locked/file").read_bytes() == b"here"
    assert _mode(kept.target / "locked") == 0o755  # the owner's bits: the job must be able to write


def test_what_the_project_has_at_a_path_is_replaced(kept: Kept) -> None:
    kept.file("file", b"new")
    kept.file("folder", b"new")
    kept.file("way/file", b"new")
    kept.link("link", "file")
    (kept.target / "file").write_bytes(b"old")
    (kept.target / "folder/below").mkdir(parents=True)
    (kept.target / "way").write_bytes(b"old")
    (kept.target / "link/below").mkdir(parents=True)
    kept.give()
    assert {name: (kept.target / name).read_bytes() for name in ("file", "folder", "way/file")} == {
        "file": b"new",
        "folder": b"new",
        "way/file": b"new",
    }
    assert (kept.target / "link").is_symlink()


@pytest.mark.parametrize("careful", [False, True])
def test_nothing_is_written_through_a_link(kept: Kept, tmp_path: Path, *, careful: bool) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "model").write_bytes(b"theirs")
    kept.file("data/model", b"ours")
    kept.file("model", b"ours")
    (kept.target / "data").symlink_to(outside)
    (kept.target / "model").symlink_to(outside / "model")
    if careful:
        with pytest.raises(OSError, match="data/model") as raised:
            kept.give(careful=True)
        assert raised.value.filename == "data/model"
        assert (kept.target / "data").is_symlink()
    else:
        kept.give()
        assert (kept.target / "data/model").read_bytes() == b"ours"
        assert not (kept.target / "model").is_symlink()
    assert (outside / "model").read_bytes() == b"theirs"
    assert os.listdir(outside) == ["model"]


@pytest.mark.parametrize(
    "path", ["../out", "a/../../out", "..", ".", "a//b", "a/", "", "a/./b", "a\0b"]
)
def test_a_path_that_leads_elsewhere_is_refused(kept: Kept, path: str) -> None:
    (kept.source.parent / "out").write_bytes(b"secret")
    kept.entries.append(Entry(path, "file", 6, "blake3:", 0o644, MODIFIED))
    with pytest.raises(OSError, match="its path leads elsewhere"):
        kept.give()
    assert not os.listdir(kept.target)


def test_a_stored_file_that_is_no_file_any_more_is_not_followed(kept: Kept, tmp_path: Path) -> None:
    whole = kept.file("data/file", b"four")
    (tmp_path / "elsewhere").write_bytes(b"four")
    whole.unlink()
    whole.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="data/file"):
        kept.give()
    whole.unlink()
    os.mkfifo(whole)  # must not wait for somebody who writes
    with pytest.raises(OSError, match="not there any more: 'data/file'"):
        kept.give()


@contextmanager
def _no_larger_than(size: int) -> Iterator[None]:
    """No file can grow beyond that: writing fails in the middle of one."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("size", [4, (8 << 20) + 1, 70 << 20])
def test_a_careful_copy_appears_whole_or_not_at_all(kept: Kept, size: int) -> None:
    kept.file("data/file", b"x" * size)
    (kept.target / "data").mkdir()
    (kept.target / "data/file").write_bytes(b"mine")
    with _no_larger_than(size // 2), pytest.raises(OSError, match="File too large"):
        kept.give(careful=True)
    assert (kept.target / "data/file").read_bytes() == b"mine"
    assert os.listdir(kept.target / "data") == ["file"]
    kept.give(careful=True)
    assert (kept.target / "data/file").stat().st_size == size
    assert os.listdir(kept.target / "data") == ["file"]


def test_what_is_damaged_is_left_out_and_all_else_is_given(kept: Kept, tmp_path: Path) -> None:
    sizes = {"small": 10, "large": (9 << 20) + 1}
    for name, size in sizes.items():
        kept.file(f"data/{name}", b"x" * size)
        whole = kept.file(f"data/{name}-flipped", b"y" + b"x" * size)
        whole.chmod(0o644)
        whole.write_bytes(b"x" * (size + 1))
    kept.file("data/gone", b"").unlink()
    kept.file("gone/too", b"")
    kept.folder("gone/folder", 0o755)
    (tmp_path / "artifacts/gone").rename(tmp_path / "elsewhere")
    kept.link("data/link", "small")
    kept.link("data/bent", "small")
    (kept.source / "data/bent").unlink()
    (kept.source / "data/bent").symlink_to("large")
    kept.file("data/file", b"x").unlink()
    (kept.source / "data/file").symlink_to("small")
    (kept.target / "data").mkdir()
    (kept.target / "data/small-flipped").write_bytes(b"mine")
    told = kept.give(careful=True, checked=True)
    assert {entry.path for entry in kept.damaged} == {
        "data/small-flipped", "data/large-flipped", "data/gone", "gone/too", "gone/folder",
        "data/bent", "data/file",
    }  # fmt: skip
    assert sorted(os.listdir(kept.target)) == ["data"]
    found = sorted(os.listdir(kept.target / "data"))
    assert found == ["large", "link", "small", "small-flipped"]
    assert (kept.target / "data/small-flipped").read_bytes() == b"mine"
    for name, size in sizes.items():
        assert (kept.target / "data" / name).read_bytes() == b"x" * size
    assert told[-1] == (3, sum(sizes.values()))


def test_a_checked_copy_keeps_holes(kept: Kept) -> None:
    whole = kept.file("sparse", b"")
    whole.chmod(0o644)
    content = bytes(4 << 20) + b"x"
    with whole.open("wb") as file:
        file.seek(4 << 20)
        file.write(b"x")
    kept.entries = []
    kept._add("sparse", "file", len(content), content, 0o600)
    kept.give(careful=True, checked=True)
    given = kept.target / "sparse"
    assert not kept.damaged
    assert given.read_bytes() == content
    assert given.stat().st_blocks == whole.stat().st_blocks


def test_a_careful_copy_removes_no_folder(kept: Kept) -> None:
    kept.file("file", b"new")
    (kept.target / "file").mkdir()
    (kept.target / "file/mine").write_bytes(b"mine")
    with pytest.raises(OSError, match="file"):
        kept.give(careful=True)
    assert (kept.target / "file/mine").read_bytes() == b"mine"


def test_what_stands_at_a_place_is_free_the_same_or_taken(kept: Kept, tmp_path: Path) -> None:
    for path in ("free", "same", "longer", "other", "folder", "link", "far/below", "file/below"):
        kept.file(path, b"kept")
    kept.link("alike", "somewhere")
    kept.link("unlike", "somewhere")
    kept.folder("hollow", 0o755)
    kept.file("/etc/kept", b"kept")
    for name, content in {"same": b"kept", "longer": b"kept!", "other": b"mine"}.items():
        (kept.target / name).write_bytes(content)
    (kept.target / "folder").mkdir()
    (kept.target / "hollow").mkdir()
    (kept.target / "link").symlink_to("same")
    (kept.target / "far").symlink_to(tmp_path)
    (kept.target / "file").write_bytes(b"")
    (kept.target / "alike").symlink_to("somewhere")
    (kept.target / "unlike").symlink_to("elsewhere")
    assert kept.standing() == {
        "free": "free",
        "same": "same",
        "longer": "taken",
        "other": "taken",
        "folder": "taken",
        "link": "taken",
        "far/below": "taken",
        "file/below": "taken",
        "alike": "same",
        "unlike": "taken",
        "hollow": "same",
        "/etc/kept": "free",
    }


def test_names_are_bytes(kept: Kept) -> None:
    names = [
        "line\nbreak",
        "quo\"te'",
        os.fsdecode(b"\xff\xfe"),
        "x" * 255,
        "-rf",
        "p\N{CYRILLIC SMALL LETTER A}ypal",
    ]
    for name in names:
        kept.file(f"data/{name}", name.encode(errors="surrogateescape"))
    for careful in (False, True):
        kept.give(careful=careful)
        assert sorted(os.listdir(kept.target / "data")) == sorted(names)
    assert set(kept.standing().values()) == {"same"}


def test_folders_may_be_deep(kept: Kept) -> None:
    path = "/".join(["d"] * 300)
    kept.file(f"{path}/file", b"deep")
    kept.give()
    assert (kept.target / path / "file").read_bytes() == b"deep"


@pytest.mark.usefixtures("no_clones")
@pytest.mark.parametrize("size", [1000, 9 << 20])
def test_what_becomes_shorter_while_it_is_copied_is_not_what_was_kept(
    kept: Kept, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    """As what a run writes may that goes on; the copy is never filled up with zeros."""
    whole = kept.file("data/a", b"x" * size)
    copy = os.copy_file_range

    def cut(*given: int) -> int:
        os.truncate(whole, 10)
        return copy(*given)

    monkeypatch.setattr(os, "copy_file_range", cut)
    with pytest.raises(FileNotFoundError, match="not there any more"):
        kept.give(careful=True)
    assert not (kept.target / "data/a").exists()
