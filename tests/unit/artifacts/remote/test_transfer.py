"""Pushing to a remote and fetching from it: nothing is lost, and nothing is sent twice."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from runner.artifacts.manifest import entries_of
from runner.artifacts.remote import layout
from runner.artifacts.remote.fetching import describe, fetch
from runner.artifacts.remote.layout import PIECE
from runner.artifacts.remote.pushing import push
from runner.artifacts.remote.stage import Stage, sweep
from runner.errors import BUSY, STORAGE, UNSATISFIABLE, USAGE, WfError
from tests.fakes.kept import Kept, Link, digest_of, keep
from tests.fakes.remote import FakeRemote

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

RUN = "wet-mango-1"
BIG = os.urandom(2 * PIECE + 1000)


class Watch:
    """Hears how far it is."""

    def __init__(self) -> None:
        self.expected: tuple[int | None, int | None] = (None, None)
        self.told: tuple[int, int] = (0, 0)

    def expect(self, files: int | None, size: int | None) -> None:
        self.expected = (files, size)

    def __call__(self, files: int, size: int) -> None:
        self.told = (files, size)


@pytest.fixture
def remote() -> FakeRemote:
    return FakeRemote()


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "stage")


@pytest.fixture
def kept(tmp_path: Path) -> Kept:
    model: Mapping[str, bytes | Link | None] = {
        "model/big": BIG,
        "model/a": b"hello",
        "model/sub/again": b"hello",
        "model/none": b"",
        "model/link": Link("../../elsewhere"),
        "model/empty": None,
        "model/na\udcffme\n": b"odd",
    }
    logs = {"/var/log/x": b"absolute", "logs/y": b"y"}
    return keep(tmp_path / "here", RUN, model=model, logs=logs)


def send(
    kept: Kept, remote: FakeRemote, watch: Watch | None = None, *, force: bool = False
) -> tuple[int, int, int]:
    return push(kept.paths, kept.artifacts, b"{}", remote, watch or Watch(), force=force)


def receive(remote: FakeRemote, stage: Stage, run: str = RUN, watch: Watch | None = None) -> None:
    stage.root.mkdir(parents=True, exist_ok=True)
    fetch(remote, run, entries_of(describe(remote, run, stage)), stage, watch or Watch())


def staged(stage: Stage, content: bytes) -> Path:
    return stage.contents / digest_of(content).removeprefix("blake3:")


def files_below(root: Path) -> dict[str, object]:
    found: dict[str, object] = {}
    for folder, folders, files in os.walk(root):
        for name in (*files, *folders):
            path = os.path.join(folder, name)
            whole = os.path.relpath(path, root)
            if os.path.islink(path):
                found[whole] = os.readlink(path)
            elif os.path.isdir(path):
                found[whole] = None
            else:
                with open(path, "rb") as file:
                    found[whole] = file.read()
    return found


def test_what_is_fetched_is_what_was_pushed(kept: Kept, remote: FakeRemote, stage: Stage) -> None:
    send(kept, remote)
    receive(remote, stage)
    assert files_below(stage.run.artifacts) == files_below(kept.paths.artifacts)
    assert list(entries_of(describe(remote, RUN, stage))) == list(entries_of(kept.artifacts))


def test_equal_contents_are_sent_once(kept: Kept, remote: FakeRemote) -> None:
    watch = Watch()
    size = len(BIG) + len("hello") + len("../../elsewhere") + len("odd") + len("absolute") + 1
    assert send(kept, remote, watch) == (6, size, 0)
    assert watch.expected == watch.told == (6, size)


def test_a_second_push_sends_nothing_of_them(kept: Kept, remote: FakeRemote) -> None:
    send(kept, remote)
    remote.asked.clear()
    assert send(kept, remote) == (0, 0, 6)
    assert not [name for name in remote.names("write") if name.startswith("objects/")]


def test_what_another_run_has_sent_is_not_sent(
    kept: Kept, remote: FakeRemote, tmp_path: Path
) -> None:
    send(kept, remote)
    other = keep(tmp_path / "there", "dry-mango-1", model={"model/x": b"hello", "model/y": b"new"})
    assert send(other, remote) == (1, 3, 1)


def test_nothing_is_sent_of_a_run_whose_list_is_not_the_one_that_was_written(
    kept: Kept, remote: FakeRemote
) -> None:
    listed = kept.paths.lists / "1.jsonl"
    listed.write_text(listed.read_text().replace('"mode":416', '"mode":511'))
    with pytest.raises(WfError, match="the list of what wet-mango-1 keeps is damaged") as caught:
        send(kept, remote)
    assert caught.value.kind == STORAGE
    assert not remote.names("write")


@pytest.mark.parametrize("name", ["manifest/1.jsonl", "manifest.json"])
def test_what_says_something_else_than_was_pushed_is_not_taken(
    kept: Kept, remote: FakeRemote, stage: Stage, name: str
) -> None:
    send(kept, remote)
    there = f"runs/{RUN}/{name}"
    was, is_ = (b'"mode":416', b'"mode":511') if "/" in name else (b'"logs"', b'"dogs"')
    assert was in remote.kept[there]
    remote.kept[there] = remote.kept[there].replace(was, is_)
    with pytest.raises(WfError, match="cannot be: it "):
        describe(remote, RUN, stage)


def test_the_word_that_a_run_is_there_comes_last(kept: Kept, remote: FakeRemote) -> None:
    send(kept, remote)
    assert remote.names("write")[-2:] == [f"runs/{RUN}/run.json", f"runs/{RUN}/manifest.json"]


@pytest.mark.parametrize("point", range(12))
def test_a_push_goes_on_where_it_was(
    point: int, kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    """Whatever write is the last: afterwards nothing is sent twice, and all is there."""
    writes = 0

    def fail(what: str, name: str) -> None:
        nonlocal writes
        writes += what == "write"
        if writes > point:
            raise WfError(UNSATISFIABLE, f"gone at {name}")

    remote.before = fail
    with pytest.raises(WfError):
        send(kept, remote)
    assert f"runs/{RUN}/manifest.json" not in remote.kept
    there = {name for name in remote.kept if name.startswith("objects/")}
    remote.before = lambda _what, _name: None
    remote.asked.clear()
    send(kept, remote)
    assert not there & set(remote.names("write"))
    receive(remote, stage)
    assert files_below(stage.run.artifacts) == files_below(kept.paths.artifacts)


@pytest.mark.parametrize("point", range(11))
def test_a_pull_goes_on_where_it_was(
    point: int, kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    reads = 0

    def fail(what: str, name: str) -> None:
        nonlocal reads
        reads += what == "read"
        if reads > point:
            raise WfError(UNSATISFIABLE, f"gone at {name}")

    remote.before = fail
    with pytest.raises(WfError):
        receive(remote, stage)
    complete = {path.name for path in stage.contents.glob("*") if path.suffix != ".part"}
    remote.before = lambda _what, _name: None
    remote.asked.clear()
    receive(remote, stage)
    again = {"".join(name.split("/")[1:]) for name in remote.names("read")}
    assert not complete & again
    assert files_below(stage.run.artifacts) == files_below(kept.paths.artifacts)


def test_pieces_that_have_come_are_not_fetched_again(
    kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    folder, name = layout.content(digest_of(BIG))

    def fail(what: str, name_: str) -> None:
        if (what, name_) == ("read", f"{folder}/{name}-2"):
            raise WfError(UNSATISFIABLE, "gone")

    remote.before = fail
    with pytest.raises(WfError):
        receive(remote, stage)
    remote.before = lambda _what, _name: None
    remote.asked.clear()
    watch = Watch()
    receive(remote, stage, watch=watch)
    assert [read for read in remote.names("read") if name in read] == [f"{folder}/{name}-2"]
    assert watch.told[1] == watch.expected[1]


def test_a_part_that_was_cut_off_anywhere_is_gone_on_with(
    kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    describe(remote, RUN, stage)
    whole = staged(stage, BIG)
    for size in (1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, len(BIG) - 1, len(BIG)):
        whole.unlink(missing_ok=True)
        whole.with_suffix(".part").write_bytes(BIG[:size])
        receive(remote, stage)
        assert (stage.run.artifacts / "model/big").read_bytes() == BIG


def test_a_part_with_wrong_bytes_is_not_taken_for_good(
    kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    describe(remote, RUN, stage)
    staged(stage, BIG).with_suffix(".part").write_bytes(b"x" * PIECE)
    with pytest.raises(WfError, match="model/big"):
        receive(remote, stage)
    receive(remote, stage)
    assert (stage.run.artifacts / "model/big").read_bytes() == BIG


def flipped(content: bytes) -> bytes:
    return bytes([content[0] ^ 1]) + content[1:]


@pytest.mark.parametrize(
    "damage",
    [flipped, lambda content: content[:-1], lambda content: content + b"x", lambda _: b""],
    ids=["flipped", "cut", "longer", "empty"],
)
@pytest.mark.parametrize("victim", ["model/a", "model/big", "model/link"])
def test_what_is_damaged_there_is_named_and_not_taken_in(
    damage: object, victim: str, kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    entry = next(entry for entry in entries_of(kept.artifacts) if entry.path == victim)
    folder, name = layout.content(entry.digest)
    key = next(key for key in (f"{folder}/{name}", f"{folder}/{name}-1") if key in remote.kept)
    sound = remote.kept[key]
    remote.kept[key] = damage(sound)  # type: ignore[operator]
    with pytest.raises(WfError) as caught:
        receive(remote, stage)
    assert caught.value.kind == STORAGE
    assert f"`{victim}`" in caught.value.message
    assert not stage.run.artifacts.exists()
    # all the rest has come, and is not asked for again
    remote.kept[key] = sound
    remote.asked.clear()
    receive(remote, stage)
    assert {read for read in remote.names("read") if read.startswith("objects/")} <= {
        f"{folder}/{name}{piece}" for piece in ("", "-0", "-1", "-2")
    }
    assert files_below(stage.run.artifacts) == files_below(kept.paths.artifacts)


def test_what_is_missing_there_is_named(kept: Kept, remote: FakeRemote, stage: Stage) -> None:
    send(kept, remote)
    for name in [name for name in remote.kept if name.startswith("objects/")]:
        del remote.kept[name]
    with pytest.raises(WfError, match=r"`.*`, `.*`, `.*` and 3 more on fake://remote are"):
        receive(remote, stage)


def test_whatever_is_damaged_there_a_push_with_force_mends_it(
    kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    sound = dict(remote.kept)
    remote.kept.update({name: flipped(content) for name, content in sound.items()})
    send(kept, remote, force=True)
    assert remote.kept == sound
    receive(remote, stage)
    assert files_below(stage.run.artifacts) == files_below(kept.paths.artifacts)


@pytest.mark.parametrize("victim", ["objects/", "runs/wet-mango-1/manifest"])
def test_what_mends_it_is_said(victim: str, kept: Kept, remote: FakeRemote, stage: Stage) -> None:
    remote.shown = "sftp://gpu1/my models"
    send(kept, remote)
    for name in remote.kept:
        if name.startswith(victim):
            remote.kept[name] = flipped(remote.kept[name])
    with pytest.raises(WfError) as caught:
        receive(remote, stage)
    said = f"wf artifacts push {RUN} --to 'sftp://gpu1/my models' --force; then repeat this"
    assert said in (caught.value.hint or "")


def test_what_is_damaged_here_is_not_sent(kept: Kept, remote: FakeRemote) -> None:
    for victim, content in (("model/a", b"hellO"), ("model/big", flipped(BIG))):
        sound = kept.file(victim).read_bytes()
        kept.file(victim).chmod(0o644)
        kept.file(victim).write_bytes(content)
        with pytest.raises(WfError, match="is not what was kept") as caught:
            send(kept, remote)
        assert caught.value.kind == STORAGE
        assert digest_of(content) not in map(digest_of, remote.kept.values())
        assert f"runs/{RUN}/manifest.json" not in remote.kept
        kept.file(victim).write_bytes(sound)


def test_a_file_that_is_a_link_now_is_not_followed(
    kept: Kept, remote: FakeRemote, tmp_path: Path
) -> None:
    (tmp_path / "secret").write_bytes(b"hello")
    kept.file("model/a").unlink()
    kept.file("model/a").symlink_to(tmp_path / "secret")
    with pytest.raises(WfError, match="model/a"):
        send(kept, remote)


def test_a_name_that_another_run_has_is_not_taken(
    kept: Kept, remote: FakeRemote, tmp_path: Path
) -> None:
    send(kept, remote)
    other = keep(tmp_path / "there", RUN, model={"model/x": b"other"})
    before = dict(remote.kept)
    with pytest.raises(WfError, match="has another run called") as caught:
        send(other, remote)
    assert caught.value.kind == USAGE
    assert remote.kept == before
    send(other, remote, force=True)
    assert remote.kept[f"runs/{RUN}/manifest.json"] == other.paths.manifest.read_bytes()


def test_a_run_that_is_not_there(kept: Kept, remote: FakeRemote, stage: Stage) -> None:
    with pytest.raises(WfError) as nothing:
        describe(remote, RUN, stage)
    assert "it has none at all" in (nothing.value.hint or "")
    send(kept, remote)
    with pytest.raises(WfError) as typed:
        describe(remote, "wet-mango", stage)
    assert (typed.value.kind, typed.value.hint) == (USAGE, f"did you mean `{RUN}`?")
    with pytest.raises(WfError):
        describe(remote, "../runs/wet-mango-1", stage)


def test_long_lists_go_in_pieces(tmp_path: Path, remote: FakeRemote, stage: Stage) -> None:
    paths = {f"many/{'x' * 200}-{at:06}": b"" for at in range(30_000)}
    kept = keep(tmp_path / "here", RUN, many=paths)
    assert (kept.paths.lists / "0.jsonl").stat().st_size > PIECE
    send(kept, remote)
    assert f"runs/{RUN}/manifest/0.jsonl-1" in remote.kept
    found = describe(remote, RUN, stage)
    assert sum(1 for _ in entries_of(found)) == 30_000


def test_two_do_not_fetch_into_one_stage(stage: Stage) -> None:
    with stage.held(), pytest.raises(WfError) as caught, Stage(stage.root).held():
        pass
    assert caught.value.kind == BUSY


def test_a_stage_is_gone_when_it_is_done_with(kept: Kept, remote: FakeRemote, stage: Stage) -> None:
    send(kept, remote)
    with stage.held():
        receive(remote, stage)
    assert not stage.root.exists()


def test_a_stage_stays_for_a_repeat(kept: Kept, remote: FakeRemote, stage: Stage) -> None:
    send(kept, remote)

    def interrupted() -> None:
        with stage.held():
            receive(remote, stage)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert any(stage.contents.iterdir())


def test_a_stage_that_was_removed_meanwhile_is_not_worked_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = fcntl.flock

    def late(folder: int, how: int) -> None:
        stage.root.rmdir()
        lock(folder, how)

    monkeypatch.setattr(fcntl, "flock", late)
    with pytest.raises(WfError) as caught, stage.held():
        pass
    assert caught.value.kind == BUSY


def test_what_nobody_has_gone_on_with_is_swept(tmp_path: Path) -> None:
    stages = {name: Stage(tmp_path / name) for name in ("old", "held", "new")}
    for stage in stages.values():
        stage.contents.mkdir(parents=True)
        (stage.contents / "x.part").write_bytes(b"x" * 100_000)
        (stage.contents / "y").write_bytes(b"y" * 100_000)
        stage.run.artifacts.mkdir()
        os.link(stage.contents / "y", stage.run.artifacts / "y")
        for path in (stage.contents / "y", stage.contents, stage.root):
            os.utime(path, (1000, 1000))
        os.utime(stage.contents / "x.part", (1000, 3000 if stage is stages["new"] else 1000))
    with stages["held"].held():
        would = sweep(tmp_path, 2000, dry_run=True)
        assert 200_000 <= would < 300_000
        assert len(list(tmp_path.iterdir())) == 3
        assert sweep(tmp_path, 2000) == would
        assert sorted(path.name for path in tmp_path.iterdir()) == ["held", "new"]
    assert sweep(tmp_path / "none", 2000) == 0


def test_more_than_the_disk_holds_is_refused_at_once(
    kept: Kept, remote: FakeRemote, stage: Stage
) -> None:
    send(kept, remote)
    found = describe(remote, RUN, stage)
    huge = [
        entry._replace(bytes=1 << 61) for entry in entries_of(found) if entry.path == "model/big"
    ]
    remote.asked.clear()
    with pytest.raises(WfError, match="left") as caught:
        fetch(remote, RUN, huge, stage, Watch())
    assert caught.value.kind == STORAGE
    assert remote.asked == []
