"""What the disk gets back without a run."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from blake3 import blake3

from runner.artifacts.entries import Entry
from runner.artifacts.store.pool import Pool
from runner.artifacts.store.room import Sharing, holders, sharing

if TYPE_CHECKING:
    from pathlib import Path

CONTENT = b"x" * 10_000


def keep(root: Path, path: str, content: bytes = CONTENT) -> Entry:
    """A file of its own."""
    whole = root / path
    whole.parent.mkdir(parents=True, exist_ok=True)
    whole.write_bytes(content)
    whole.chmod(0o444)
    return Entry(path, "file", len(content), f"blake3:{blake3(content).hexdigest()}")


def pooled(tmp_path: Path, root: Path, entry: Entry) -> Pool:
    pool = Pool(tmp_path / "objects")
    at = pool.path(entry.digest.partition(":")[2], 0o444)
    os.makedirs(os.path.dirname(at), exist_ok=True)
    os.link(root / entry.path, at)
    return pool


def look(root: Path, pool: Pool, *entries: Entry) -> Sharing:
    return sharing(root, pool, entries, lambda *_: None)


def test_a_file_of_one_run_is_its_own(tmp_path: Path) -> None:
    run = tmp_path / "run"
    entry = keep(run, "model/a")
    taken = (run / "model/a").stat().st_blocks * 512
    assert look(run, Pool(tmp_path / "objects"), entry) == (taken, taken, frozenset())


def test_the_pool_is_no_run(tmp_path: Path) -> None:
    run = tmp_path / "run"
    entry = keep(run, "a")
    found = look(run, pooled(tmp_path, run, entry), entry)
    assert (found.own, found.shared) == (found.taken, frozenset())


def test_a_file_that_stands_twice_in_one_run_is_its_own(tmp_path: Path) -> None:
    run = tmp_path / "run"
    entry = keep(run, "a")
    os.link(run / "a", run / "b")
    found = look(run, pooled(tmp_path, run, entry), entry, entry._replace(path="b"))
    assert (found.own, found.shared) == (found.taken, frozenset())


def test_what_another_run_keeps_is_shared(tmp_path: Path) -> None:
    run, other = tmp_path / "run", tmp_path / "other"
    entry, own = keep(run, "a"), keep(run, "b", b"own")
    other.mkdir()
    os.link(run / "a", other / "a")
    for pool in (Pool(tmp_path / "objects"), pooled(tmp_path, run, entry)):
        found = look(run, pool, entry, own)
        assert found.shared == {"a"}
        assert found.own == (run / "b").stat().st_blocks * 512
    assert holders("a", run, [tmp_path / "none", other]) == other
    assert holders("b", run, [other]) is None


def test_what_is_not_there_takes_no_room(tmp_path: Path) -> None:
    gone = Entry("a", "file", 10, "blake3:0")
    assert look(tmp_path, Pool(tmp_path / "objects"), gone) == (0, 0, frozenset())
