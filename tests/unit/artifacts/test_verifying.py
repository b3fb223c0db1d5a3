"""Every way in which what is kept can come to be something else is found."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner.artifacts.store.pool import Pool
from runner.artifacts.store.verifying import Damage, Verifier
from runner.errors import STORAGE, WfError
from runner.paths import Home
from runner.records import manifests
from tests.unit.artifacts.taking_in import Kept, made, objects

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

SIZE = 100_000


@pytest.fixture
def run(tmp_path: Path) -> Kept:
    def fill(out: Path) -> None:
        (out / "model").write_bytes(bytes(SIZE))
        (out / "link").symlink_to("model")
        (out / "empty").mkdir()

    kept = made(Home(tmp_path), "first-1", fill)
    kept.take_in()
    return kept


def verify(*runs: Kept) -> tuple[list[Damage | None], Verifier]:
    verifier = Verifier(Pool(runs[0].home.objects), lambda *_: None)
    found = [verifier.run(run.paths.artifacts, [run.artifact]) for run in runs]
    verifier.pool()
    return found, verifier


def lists(run: Kept) -> list[str]:
    """The artifacts that are said to have another list."""
    (damage,), _ = verify(run)
    assert damage is not None
    return damage.lists


def write(path: Path, data: bytes, at: int = 0) -> None:
    """As a disk does that forgets: mode and time stay."""
    with path.open("r+b") as file:
        file.seek(at)
        file.write(data)


def test_nothing_is_wrong(run: Kept) -> None:
    assert verify(run)[0] == [Damage()]
    assert len(objects(run.home)) == 1


@settings(max_examples=30, deadline=None)
@given(at=st.integers(0, SIZE - 1), bit=st.integers(0, 7))
def test_every_flipped_bit_is_found(
    tmp_path_factory: pytest.TempPathFactory, at: int, bit: int
) -> None:
    run = made(
        Home(tmp_path_factory.mktemp("home")),
        "first-1",
        lambda out: (out / "model").write_bytes(bytes(SIZE)),
    )
    run.take_in()
    write(run.file("model"), bytes([1 << bit]), at)
    (damage,), verifier = verify(run)
    assert damage == Damage(changed=["out/model"])
    assert len(verifier.removed) == 1
    assert objects(run.home) == {}


def replace(run: Kept, name: str, make: Callable[[Path], object]) -> None:
    path = run.file(name)
    path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    make(path)


@pytest.mark.parametrize(
    ("name", "make", "expected"),
    [
        ("model", lambda path: path.symlink_to("/etc/passwd"), Damage(changed=["out/model"])),
        ("model", os.mkfifo, Damage(changed=["out/model"])),
        ("model", lambda path: path.mkdir(), Damage(changed=["out/model"])),
        ("model", lambda _: None, Damage(missing=["out/model"])),
        ("link", lambda path: path.symlink_to("elsewhere"), Damage(changed=["out/link"])),
        ("link", lambda path: path.write_bytes(b"model"), Damage(changed=["out/link"])),
        ("link", lambda _: None, Damage(missing=["out/link"])),
        ("empty", lambda path: path.write_bytes(b""), Damage(changed=["out/empty"])),
        ("empty", lambda _: None, Damage(missing=["out/empty"])),
    ],
)
def test_what_is_something_else_or_nothing(
    run: Kept, name: str, make: Callable[[Path], object], expected: Damage
) -> None:
    replace(run, name, make)
    assert verify(run)[0] == [expected]


def test_what_was_added(run: Kept) -> None:
    (run.file("empty") / "more").touch()
    (run.paths.artifacts / "beside").touch()
    assert verify(run)[0] == [Damage(unlisted=["beside", "out/empty/more"])]


def private(out: Path) -> None:
    (out / "open").mkdir()
    (out / "priv").mkdir(mode=0o700)
    for name in ("open/a", "priv/b"):
        (out / name).write_text(name)


def test_a_folder_that_lets_others_in_by_now(tmp_path: Path) -> None:
    run = made(Home(tmp_path), "first-1", private)
    run.take_in()
    told = [(entry.path, entry.kind) for entry in run.entries]
    assert told == [("out/open/a", "file"), ("out/priv", "directory"), ("out/priv/b", "file")]
    assert (run.artifact.files, verify(run)[0]) == (2, [Damage()])
    run.file("priv").chmod(0o755)
    assert verify(run)[0] == [Damage(changed=["out/priv"])]


def test_a_list_that_is_another_one(run: Kept) -> None:
    file = run.paths.lists / "0.jsonl"
    lines = file.read_bytes().splitlines(keepends=True)
    for damaged in (lines[:-1], [*lines[:-1], b'{"path":'], []):
        file.write_bytes(b"".join(damaged))
        assert lists(run) == ["out"]
    file.unlink()
    assert lists(run) == ["out"]


def flipped(file: Path) -> Iterator[str]:
    """Each bit of a file is another one, for a moment."""
    whole = file.read_bytes()
    for at in range(8 * len(whole)):
        damaged = bytearray(whole)
        damaged[at // 8] ^= 1 << at % 8
        file.write_bytes(damaged)
        yield f"bit {at % 8} of byte {at // 8}: {damaged!r}"
    file.write_bytes(whole)


def test_every_flipped_bit_of_a_list_is_found(run: Kept) -> None:
    artifact = run.artifact
    for what in flipped(run.paths.lists / "0.jsonl"):
        with pytest.raises(ValueError, match="was not kept with"):
            pytest.fail(f"{what}: {list(artifact.entries())}")
    assert lists(run) == []


def test_every_flipped_bit_of_a_manifest_is_found(run: Kept) -> None:
    for what in flipped(run.paths.manifest):
        with pytest.raises(WfError, match="the manifest of first-1 is damaged"):
            pytest.fail(f"{what}: {manifests.read(run.paths)}")
    assert lists(run) == []


def older(run: Kept, **more: object) -> None:
    """Its manifest as older versions wrote it, without digests of what is written."""
    (artifact,) = manifests.read(run.paths)
    said = {**artifact.document(), **more}
    del said["list_digest"]
    run.paths.manifest.write_text(json.dumps({"artifacts": [said]}))


def test_what_an_older_version_wrote(run: Kept) -> None:
    older(run)
    assert verify(run)[0] == [Damage()]
    older(run, bytes=SIZE + 1)
    assert lists(run) == ["out"]
    older(run, files=7)
    assert lists(run) == ["out"]
    older(run, bytes=SIZE - 1, files=2)
    file = run.paths.lists / "0.jsonl"
    file.write_text(file.read_text().replace(f'"bytes":{SIZE}', f'"bytes":{SIZE - 1}'))
    assert verify(run)[0] == [Damage(changed=["out/model"])]


@pytest.mark.parametrize(
    "more",
    [
        *({"files": None}, {"bytes": "7"}, {"path": 7}, {"digest": 7}, {"list": "../0.jsonl"}),
        *({"skipped": 7}, {"entries": None}, {"entries": [7]}, {"path": ""}),
    ],
    ids=repr,
)
def test_a_manifest_that_cannot_be_is_said_to_be_damaged(
    run: Kept, more: dict[str, object]
) -> None:
    older(run, **more)
    with pytest.raises(WfError, match="the manifest of first-1 is damaged: it ") as caught:
        manifests.read(run.paths)
    assert caught.value.kind == STORAGE
    assert manifests.known(run.paths) == []
    assert not manifests.intact(run.paths)


@pytest.mark.parametrize(
    ("was", "is_"),
    [
        *(('"out/model"', "7"), ('"out/model"', '"../model"'), (f":{SIZE},", ":null,")),
        *(('"file"', '"device"'), ('"mode"', '"modes"'), ("{", "[{"), ('"blake3:', '"sha1:')),
    ],
)
def test_a_list_that_cannot_be_is_another_one(run: Kept, was: str, is_: str) -> None:
    older(run)
    file = run.paths.lists / "0.jsonl"
    file.write_text(file.read_text().replace(was, is_))
    assert lists(run) == ["out"]
    with pytest.raises(ValueError, match="has "):
        list(run.artifact.entries())


def test_a_second_collection_takes_the_place_of_the_first_in_one_step(run: Kept) -> None:
    more = run.paths.workspace / "out"
    more.mkdir()
    (more / "more").write_text("more")
    run.killed_at("listed")
    assert verify(run)[0] == [Damage(unlisted=["out/more"])]
    run.take_in()
    assert verify(run)[0] == [Damage()]
    assert [entry.path for entry in run.entries] == [
        f"out/{name}" for name in ("empty", "link", "model", "more")
    ]
    assert os.listdir(run.paths.lists) == [f"{run.artifact.listed and run.artifact.listed.name}"]


def test_a_run_that_is_removed_meanwhile_is_not_damaged(run: Kept) -> None:
    out_of_sight = run.paths.root.with_name(".removed")
    there = run.artifact

    def remove(_files: int, _bytes: int) -> None:
        run.paths.root.rename(out_of_sight)

    verifier = Verifier(Pool(run.home.objects), remove)
    assert verifier.run(run.paths.artifacts, [there]) is None
    assert verifier.run(run.paths.artifacts, [there]) is None


def test_all_of_it_is_gone(run: Kept) -> None:
    run.paths.artifacts.rename(run.paths.root / "elsewhere")
    assert verify(run)[0] == [Damage(missing=["out"])]


def test_a_file_of_two_runs_is_read_once_and_both_are_named(run: Kept) -> None:
    other = made(run.home, "second-1", lambda out: (out / "same").write_bytes(bytes(SIZE)))
    other.take_in()
    told: list[tuple[int, int]] = []
    verifier = Verifier(Pool(run.home.objects), lambda files, size: told.append((files, size)))
    for one in (run, other):
        verifier.run(one.paths.artifacts, [one.artifact])
    verifier.pool()
    assert told == [(1, SIZE)]
    write(run.file("model"), b"x")
    damages, verifier = verify(run, other)
    assert damages == [Damage(changed=["out/model"]), Damage(changed=["out/same"])]
    assert len(verifier.removed) == 1


def test_a_run_to_come_is_not_made_of_what_is_damaged(run: Kept) -> None:
    write(run.file("model"), b"x")
    verify(run)
    other = made(run.home, "second-1", lambda out: (out / "same").write_bytes(bytes(SIZE)))
    other.take_in()
    assert verify(other)[0] == [Damage()]


def test_an_object_by_a_wrong_name_is_taken_out_of_the_pool(run: Kept) -> None:
    wrong = run.home.objects / "ab" / ("c" * 62)
    wrong.parent.mkdir(exist_ok=True)
    wrong.write_bytes(b"content")
    found, verifier = verify(run)
    assert found == [Damage()]
    assert verifier.removed == ["ab" + "c" * 62]
    assert not wrong.exists()


def test_a_missing_folder_makes_nothing_else_missing(tmp_path: Path) -> None:
    def fill(out: Path) -> None:
        (out / "gone").mkdir()
        (out / "gone" / "file").write_text("1")
        (out.parent / "there").write_text("2")

    run = made(Home(tmp_path), "first-1", fill)
    artifacts = run.take_in("out", "there")
    (run.file("gone") / "file").unlink()
    run.file("gone").rmdir()
    verifier = Verifier(Pool(run.home.objects), lambda *_: None)
    damage = verifier.run(run.paths.artifacts, artifacts)
    assert damage == Damage(missing=["out/gone/file"])
