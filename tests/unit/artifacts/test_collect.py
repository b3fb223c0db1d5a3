"""What is listed of the files that a job left behind, and in which order."""

from __future__ import annotations

import os
import socket
from typing import TYPE_CHECKING

import pytest
from blake3 import blake3

from runner.artifacts.collecting.collect import Told, collect
from runner.artifacts.entries import Entry
from runner.artifacts.store.pool import Pool
from runner.paths import RunPaths
from runner.spec.workflow import ArtifactRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from runner.artifacts.manifest import Artifact

_DEEP = 1200


def digest(content: bytes) -> str:
    return f"blake3:{blake3(content).hexdigest()}"


def collected(folder: Path, progress: list[tuple[int, int]] | None = None) -> Artifact:
    """The artifact ``out`` of the workspace ``folder / "workspace"``."""
    told = [] if progress is None else progress
    return collect(
        folder / "workspace",
        (ArtifactRequest("out"),),
        RunPaths(folder),
        Pool(folder / "objects"),
        Told(kept=lambda files, size: told.append((files, size))),
    ).artifacts[0]


@pytest.fixture
def out(tmp_path: Path) -> Path:
    made = tmp_path / "workspace" / "out"
    made.mkdir(parents=True)
    return made


def test_every_kind_of_thing(out: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (out / "file").write_bytes(b"content")
    (out / "link").symlink_to("nowhere")
    (out / "to-folder").symlink_to("empty")
    (out / "empty").mkdir()
    os.mkfifo(out / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        monkeypatch.chdir(out)  # the length of a socket's address is limited
        listener.bind("socket")
    progress: list[tuple[int, int]] = []
    found = collected(tmp_path, progress)
    assert [entry._replace(mode=None, modified=None) for entry in found.entries()] == [
        Entry("out/empty", "directory", 0, digest(b"")),
        Entry("out/file", "file", 7, digest(b"content")),
        Entry("out/link", "link", 0, digest(b"nowhere")),
        Entry("out/to-folder", "link", 0, digest(b"empty")),
    ]
    assert (found.path, found.files, found.bytes) == ("out", 3, 7)
    assert found.skipped == ("out/pipe", "out/socket")
    assert not any((tmp_path / "artifacts" / path).exists() for path in found.skipped)
    assert progress == [(4, 7)]  # told of what is taken in at a time


def test_files_are_hashed_whole_whatever_was_read_before_them(out: Path, tmp_path: Path) -> None:
    contents = [os.urandom(size) for size in (0, 5_000_001, 1, 1 << 20, (1 << 20) + 1, 4096)]
    for number, content in enumerate(contents):
        (out / str(number)).write_bytes(content)
    assert [(entry.bytes, entry.digest) for entry in collected(tmp_path).entries()] == [
        (len(content), digest(content)) for content in contents
    ]


def test_the_order_is_that_of_names_folder_by_folder(out: Path, tmp_path: Path) -> None:
    """Artifacts' digests depend on it: it must not change."""
    paths = ["a/a", "a/b/c", "a/b.c", "a-b", "a.b", "B", "b/a", "b/é"]
    for path in paths:
        (out / path).parent.mkdir(parents=True, exist_ok=True)
        (out / path).touch()
    kept = collected(tmp_path)
    assert [entry.path.removeprefix("out/") for entry in kept.entries()] == [
        "B", "a/a", "a/b/c", "a/b.c", "a-b", "a.b", "b/a", "b/é",
    ]  # fmt: skip
    said = b"".join(
        f"{entry.kind}\0{entry.digest}\0{entry.path}".encode() for entry in kept.entries()
    )
    assert kept.digest == digest(said)


@pytest.fixture
def deepest(out: Path, tmp_path: Path) -> Iterator[str]:
    """The path of a file far down, gone afterwards: not every means of removing can."""
    path = "out" + "/d" * _DEEP
    folder = out
    for _ in range(_DEEP):
        folder /= "d"
        folder.mkdir()
    (folder / "file").touch()
    yield f"{path}/file"
    kept = tmp_path / "artifacts"
    (kept / path / "file").unlink()
    os.removedirs(kept / path)


def test_folders_may_lie_in_folders_without_end(deepest: str, tmp_path: Path) -> None:
    assert [entry.path for entry in collected(tmp_path).entries()] == [deepest]
