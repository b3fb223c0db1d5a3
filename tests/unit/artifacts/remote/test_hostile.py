"""A remote may say what it likes: nothing is written outside the stage, nothing odd is taken."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from runner.artifacts.form import Odd
from runner.artifacts.manifest import entries_of
from runner.artifacts.remote import checking, layout
from runner.artifacts.remote.fetching import describe, fetch
from runner.artifacts.remote.stage import Stage
from runner.errors import STORAGE, WfError
from tests.fakes.kept import digest_of
from tests.fakes.remote import FakeRemote

if TYPE_CHECKING:
    from pathlib import Path

RUN = "wet-mango-1"


class Watch:
    def expect(self, files: int | None, size: int | None) -> None:
        """Nobody looks."""

    def __call__(self, files: int, size: int) -> None:
        """Nobody looks."""


def entry(path: Any, content: bytes = b"evil", kind: Any = "file", **more: Any) -> dict[str, Any]:
    size = len(content) if kind == "file" else 0
    said = {"path": path, "kind": kind, "bytes": size, "digest": digest_of(content)}
    return {**said, "mode": 0o644, "modified": 1, **more}


def telling(*entries: Any, name: Any = "0.jsonl", contents: tuple[bytes, ...] = ()) -> FakeRemote:
    """A remote that says these entries, with a digest of them that is right."""
    remote = FakeRemote()
    hasher = blake3()
    for one in entries:
        said = f"{one.get('kind')}\0{one.get('digest')}\0{one.get('path')}"
        hasher.update(said.encode(errors="surrogatepass"))
    digest = f"blake3:{hasher.hexdigest()}"
    files = sum(one.get("kind") != "directory" for one in entries)
    sizes = [size for one in entries if type(size := one.get("bytes")) is int]
    sums = {"files": files, "bytes": min(max(sum(sizes), 0), 1 << 61)}
    artifact = {"path": "out", **sums, "digest": digest, "list": name}
    lines = b"".join(json.dumps(one).encode() + b"\n" for one in entries)
    remote.kept[f"runs/{RUN}/manifest.json"] = json.dumps({"artifacts": [artifact]}).encode()
    remote.kept[f"runs/{RUN}/manifest/0.jsonl"] = lines
    for content in (b"evil", *contents):
        remote.kept["/".join(layout.content(digest_of(content)))] = content
    return remote


def pull(remote: FakeRemote, stage: Stage) -> None:
    stage.root.mkdir(parents=True, exist_ok=True)
    fetch(remote, RUN, entries_of(describe(remote, RUN, stage)), stage, Watch())


@pytest.fixture
def stage(tmp_path: Path) -> Stage:
    return Stage(tmp_path / "cache" / "stage")


def test_what_is_as_it_should_be_is_fetched(stage: Stage) -> None:
    pull(telling(entry("out/a")), stage)
    assert (stage.run.artifacts / "out/a").read_bytes() == b"evil"


def test_an_absolute_path_is_below_the_stage(stage: Stage) -> None:
    pull(telling(entry("/etc/evil")), stage)
    assert (stage.run.artifacts / "@root/etc/evil").read_bytes() == b"evil"


@pytest.mark.parametrize(
    "told",
    [
        entry("../evil"),
        entry("out/../../evil"),
        entry("/../evil"),
        entry("/"),
        entry("//evil"),
        entry("out//evil"),
        entry("out/./evil"),
        entry("out/"),
        entry(""),
        entry("out/e\0vil"),
        entry("out/\ud800"),
        entry("x" * 256),
        entry("x/" * 2100 + "x"),
        entry(7),
        entry(None),
        entry(["out"]),
        entry("out/a", kind="device"),
        entry("out/a", kind=None),
        entry("out/a", kind=["file"]),
        entry("out/a", digest="../../../../evil"),
        entry("out/a", digest="blake3:" + "A" * 64),
        entry("out/a", digest=None),
        entry("out/a", bytes=-1),
        entry("out/a", bytes=True),
        entry("out/a", bytes=4.0),
        entry("out/a", bytes=1 << 63),
        entry("out/a", mode=0o4755),
        entry("out/a", mode=-1),
        entry("out/a", modified="now"),
        entry("out/a", modified=1 << 70),
        entry("out/a", more=1),
        {"path": "out/a"},
    ],
    ids=repr,
)
def test_an_entry_that_cannot_be_is_not_taken(told: Any, stage: Stage, tmp_path: Path) -> None:
    with pytest.raises(WfError) as caught:
        pull(telling(told), stage)
    assert caught.value.kind == STORAGE
    assert not stage.run.artifacts.exists()
    assert sorted(os.listdir(tmp_path)) == ["cache"]


@pytest.mark.parametrize(
    "several",
    [
        [entry("out/a", b"/tmp", kind="link"), entry("out/a/b")],
        [entry("out/a/b"), entry("out/a", b"/tmp", kind="link")],
        [entry("out/a"), entry("out/a/b")],
        [entry("out/a/b"), entry("out/a")],
        [entry("out/a"), entry("out/a", b"/tmp", kind="link")],
        [entry("out/a", b"", kind="directory"), entry("out/a", b"/tmp", kind="link")],
        [entry("out/a", b"/tmp", kind="link"), entry("out/a", b"", kind="directory")],
        [entry("@root/a", b"/tmp", kind="link"), entry("/a/b")],
    ],
)
def test_nothing_lies_below_a_link_or_a_file(several: list[Any], stage: Stage) -> None:
    with pytest.raises(WfError, match="two things at one path"):
        pull(telling(*several, contents=(b"/tmp",)), stage)


def test_a_link_that_leads_out_is_kept_as_a_link(stage: Stage, tmp_path: Path) -> None:
    (tmp_path / "victim").write_bytes(b"mine")
    target = os.fsencode(tmp_path / "victim")
    pull(telling(entry("out/a", target, kind="link"), contents=(target,)), stage)
    assert os.readlink(stage.run.artifacts / "out/a") == os.fsdecode(target)
    assert (tmp_path / "victim").read_bytes() == b"mine"


def test_a_link_longer_than_one_can_be_is_not_taken(stage: Stage) -> None:
    with pytest.raises(WfError, match="damaged or missing"):
        pull(telling(entry("out/a", b"x" * 5000, kind="link"), contents=(b"x" * 5000,)), stage)


@pytest.mark.parametrize("name", ["../../evil", "/etc/evil", "a.jsonl", "0.jsonl\n", 7, "", "."])
def test_a_list_has_a_name_as_wf_gives_it(name: Any, stage: Stage) -> None:
    with pytest.raises(WfError, match="names a list that cannot be"):
        pull(telling(entry("out/a"), name=name), stage)


def test_a_list_that_was_changed_is_noticed(stage: Stage) -> None:
    remote = telling(entry("out/a"))
    name = f"runs/{RUN}/manifest/0.jsonl"
    remote.kept[name] = remote.kept[name].replace(b"out/a", b"out/b")
    with pytest.raises(WfError, match="was not kept with"):
        pull(remote, stage)


@pytest.mark.parametrize(
    "lines", [b"{", b"[" * 60_000, b"x" * (70 << 10), b"null\n", b"\n", b"[]\n", b"\xff\n"]
)
def test_lists_that_are_none(lines: bytes, stage: Stage) -> None:
    remote = telling(entry("out/a"))
    remote.kept[f"runs/{RUN}/manifest/0.jsonl"] = lines
    with pytest.raises(WfError) as caught:
        pull(remote, stage)
    assert caught.value.kind == STORAGE


@pytest.mark.parametrize(
    "text",
    [
        *(b"", b"{", b"[]", b"7", b"[" * 100_000, b"\xff", b'{"artifacts": {}}'),
        *(b'{"artifacts": [7]}', b'{"artifacts": [{"path": "out"}]}'),
    ],
)
def test_manifests_that_are_none(text: bytes, stage: Stage) -> None:
    remote = telling(entry("out/a"))
    remote.kept[f"runs/{RUN}/manifest.json"] = text
    with pytest.raises(WfError) as caught:
        pull(remote, stage)
    assert caught.value.kind == STORAGE


class Endless(FakeRemote):
    """Says that a list has more than there can be."""

    def look(self, folder: str) -> Any:
        found = super().look(folder)
        if folder.endswith("manifest"):
            return found._replace(files={f"0.jsonl-{at}": layout.PIECE for at in range(40)})
        return found


def test_lists_without_an_end_are_not_read(stage: Stage) -> None:
    remote = Endless()
    remote.kept = telling(entry("out/a")).kept
    with pytest.raises(WfError, match="longer lists than can be"):
        pull(remote, stage)
    assert not [name for name in remote.names("read") if "jsonl" in name]


def test_a_file_that_is_said_to_be_huge_ends_at_the_first_piece_that_is_not_there(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    remote = telling(entry("out/a", bytes=1 << 61))
    monkeypatch.setattr("runner.artifacts.remote.fetching._refuse_too_much", lambda *_: None)
    with pytest.raises(WfError, match="damaged or missing"):
        pull(remote, stage)
    assert len(remote.names("read")) < 100


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)
_KEYS = ("path", "kind", "bytes", "digest", "mode", "modified")


@given(st.dictionaries(st.sampled_from(_KEYS), _JSON) | _JSON)
def test_whatever_is_said_is_an_entry_or_odd(found: Any) -> None:
    try:
        made = checking.entry(found)
    except Odd:
        return
    assert not {"", ".", ".."} & set(made.path.removeprefix("/").split("/"))


@given(st.binary(max_size=300))
def test_whatever_bytes_a_manifest_has_it_is_one_or_odd(content: bytes) -> None:
    try:
        checking.manifest(content)
    except Odd:
        return


@given(st.lists(st.binary(max_size=40)), st.integers(1, 7))
def test_lines_are_the_same_however_they_are_cut(lines: list[bytes], size: int) -> None:
    text = b"".join(
        json.dumps(entry(f"out/{line.hex() or 'x'}")).encode() + b"\n" for line in lines
    )
    chunks = [text[at : at + size] for at in range(0, len(text), size)]
    assert list(checking.entries(chunks)) == list(checking.entries([text]))
    assert len(list(checking.entries(chunks))) == len(lines)
