"""Large inputs that are laid below a workspace: nobody can tell, and the store stays as it was."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import stat
import subprocess
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from runner.artifacts.entries import Entry
from runner.artifacts.giving.give import give
from runner.artifacts.giving.layer import below
from runner.artifacts.giving.settling import discard, settle
from runner.paths import RunPaths
from tests.conftest import kill, program, require, until
from tests.faults.mounts import own_mounts

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.conftest import World

pytestmark = pytest.mark.integration

LARGE = 1 << 20
FILES = {"data/a": 0o644, "data/b": 0o755, "data/deep/c": 0o444, "d": 0o400}
FOLDERS = ("data", "data/deep", "more", "more/deep")
NAMES = (*FILES, *FOLDERS, "e", "data/e", "more/e", "link")
MODIFIED = 1_500_000_000_000_000_001


class Laid:
    """A run with a workspace that was laid over some files."""

    def __init__(self, root: Path) -> None:
        self.paths = RunPaths(root / "run")
        self.kept = root / "kept"
        self.paths.workspace.mkdir(parents=True)
        self.paths.submitted.write_text("{}")
        entries = [self._keep(path, mode) for path, mode in FILES.items()]
        (self.paths.workspace / "code").write_text("code")
        self.stored = _contents(self.kept)
        layer = below(self.paths)
        require("overlayfs", None if layer else "folders cannot be laid over one another here")
        assert layer is not None
        workspace = self.paths.workspace
        give(self.kept, entries, workspace, lambda *_: None, layer=layer)
        assert not [path for path in FILES if (workspace / path).exists()]
        layer.lay()

    def _keep(self, path: str, mode: int) -> Entry:
        whole = self.kept / path
        whole.parent.mkdir(parents=True, exist_ok=True)
        content = os.fsencode(path) * LARGE
        whole.write_bytes(content)
        whole.chmod(0o555 if mode & 0o111 else 0o444)
        return Entry(path, "file", len(content), f"digest of {path}", mode, MODIFIED)

    def noted(self) -> dict[str, Entry]:
        """What is noted of files that the job has not written to."""
        file = self.paths.lists / "taking-unwritten"
        found = [Entry(**json.loads(line)) for line in file.read_bytes().splitlines()]
        return {entry.path: entry for entry in found}

    def settled(self) -> dict[str, Any]:
        """What is in the workspace, with modes and times as they are noted."""
        noted = self.noted()
        found = _contents(self.paths.workspace)
        for path, entry in noted.items():
            kind, size, digest, mode, _ = found[path]
            if (self.paths.workspace / path).stat().st_nlink > 1:
                assert mode == (0o555 if entry.mode & 0o111 else 0o444)  # type: ignore[operator]
            else:  # a copy
                assert mode == entry.mode
            found[path] = (kind, size, digest, entry.mode, entry.modified)
        return found


def _contents(root: Path) -> dict[str, Any]:
    """All that is below a folder; times of files alone, as folders get theirs from what is done."""
    found: dict[str, Any] = {}
    for folder, folders, files in os.walk(root):
        for name in (*folders, *files):
            whole = Path(folder, name)
            seen = whole.lstat()
            mode = stat.S_IMODE(seen.st_mode)
            path = str(whole.relative_to(root))
            if stat.S_ISDIR(seen.st_mode):
                found[path] = ("folder", mode)
            elif stat.S_ISLNK(seen.st_mode):
                found[path] = ("link", os.readlink(whole))
            else:
                digest = hashlib.sha256(whole.read_bytes()).hexdigest()
                found[path] = ("file", seen.st_size, digest, mode, seen.st_mtime_ns)
    return found


def _mounted(world: World) -> list[str]:
    """What is mounted in a world; elsewhere others mount what they like."""
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line for line in lines if str(world.home.parent) in line]


@pytest.fixture
def alone() -> Iterator[None]:
    """Mounts of the test's own."""
    with own_mounts():
        yield


@pytest.mark.usefixtures("alone")
def test_what_is_laid_below_is_there_as_it_was_kept(tmp_path: Path) -> None:
    laid = Laid(tmp_path)
    workspace = laid.paths.workspace
    for path, mode in FILES.items():
        found = (workspace / path).stat()
        assert (workspace / path).read_bytes() == (laid.kept / path).read_bytes()
        assert (stat.S_IMODE(found.st_mode), found.st_mtime_ns) == (mode, MODIFIED)
    assert (workspace / "code").read_text() == "code"


@pytest.mark.usefixtures("alone")
def test_what_is_not_written_to_becomes_a_name_of_what_was_kept(tmp_path: Path) -> None:
    laid = Laid(tmp_path)
    workspace = laid.paths.workspace
    (workspace / "d").chmod(0o600)
    (workspace / "d").rename(workspace / "renamed")
    (workspace / "data/a").chmod(0o755)  # now it is executable: it cannot be the same file
    with (workspace / "data/b").open("ab") as file:
        file.write(b"more")
    shown = _contents(workspace)
    settle(laid.paths, ".")
    assert not os.path.ismount(workspace)
    assert laid.settled() == shown
    assert (workspace / "renamed").samefile(laid.kept / "d")
    assert (workspace / "data/deep/c").samefile(laid.kept / "data/deep/c")
    assert not (workspace / "data/a").samefile(laid.kept / "data/a")
    assert not (workspace / "data/b").samefile(laid.kept / "data/b")
    assert laid.noted()["renamed"].digest == "digest of d"
    assert _contents(laid.kept) == laid.stored
    for folder, _, _ in os.walk(workspace):
        assert not [name for name in os.listxattr(folder) if "overlay" in name]


@pytest.mark.usefixtures("alone")
def test_what_comes_later_lies_over_what_came_before(tmp_path: Path) -> None:
    paths = RunPaths(tmp_path / "run")
    paths.workspace.mkdir(parents=True)
    paths.submitted.write_text("{}")
    (paths.workspace / "file").write_text("of the project")
    (paths.workspace / "data").write_text("of the project")
    first, second = tmp_path / "first", tmp_path / "second"
    for root, size in ((first, LARGE), (second, 3)):
        (root / "data").mkdir(parents=True)
        for name in ("file", "data/x"):
            (root / name).write_bytes(b"1" * size)
    (first / "folder").write_bytes(b"1" * LARGE)
    (second / "folder").mkdir()
    (second / "folder/below").write_bytes(b"2" * LARGE)
    one = [Entry(name, "file", LARGE, "1", 0o644, 1) for name in ("file", "data/x", "folder")]
    two = [Entry("data/x", "file", 3, "2", 0o600, 2)]
    two.append(Entry("folder/below", "file", LARGE, "2", 0o600, 2))
    layer = below(paths)
    require("overlayfs", None if layer else "folders cannot be laid over one another here")
    assert layer is not None
    give(first, one, paths.workspace, lambda *_: None, layer=layer)
    give(second, two, paths.workspace, lambda *_: None, layer=layer)
    layer.lay()
    assert (paths.workspace / "file").read_bytes() == b"1" * LARGE
    assert (paths.workspace / "data/x").read_bytes() == b"1" * 3
    assert stat.S_IMODE((paths.workspace / "data/x").stat().st_mode) == 0o600
    assert (paths.workspace / "folder/below").read_bytes() == b"2" * LARGE


@pytest.mark.parametrize("left", ["", "{", "[]", None])
@pytest.mark.usefixtures("alone")
def test_the_plain_folder_is_there_without_the_digests_of_the_layer(
    tmp_path: Path, left: str | None
) -> None:
    """As a power cut may leave them. What a job has not written to is read again then."""
    laid = Laid(tmp_path)
    if left is None:
        laid.paths.layer_digests.unlink()
    else:
        laid.paths.layer_digests.write_text(left)
    shown = {path: found[:3] for path, found in _contents(laid.paths.workspace).items()}
    settle(laid.paths, ".")
    found = {path: found[:3] for path, found in _contents(laid.paths.workspace).items()}
    files = {path for path, one in found.items() if one[0] == "file"}
    assert {path: found[path] for path in files} == {path: shown[path] for path in files}
    assert laid.noted() == {}
    assert _contents(laid.kept) == laid.stored


def _append(path: Path, _: Path) -> None:
    with path.open("ab") as file:
        file.write(b"more")


# what a job may do; much of it fails, as it does in the ordinary way
DEEDS: dict[str, Callable[[Path, Path], object]] = {
    "append": _append,
    "overwrite": lambda path, _: path.write_bytes(b"new"),
    "truncate": lambda path, _: os.truncate(path, 5),
    "rename": lambda path, other: path.rename(other),
    "link": os.link,
    "remove": lambda path, _: path.unlink(),
    "mkdir": lambda path, _: path.mkdir(),
    "chmod": lambda path, _: path.chmod(0o711),
    "touch": lambda path, _: os.utime(path, ns=(5, 5), follow_symlinks=False),
    "symlink": lambda path, other: path.symlink_to(other),
    "clear": lambda path, _: shutil.rmtree(path),
}
DEED = st.tuples(st.sampled_from(list(DEEDS)), st.sampled_from(NAMES), st.sampled_from(NAMES))


@given(deeds=st.lists(DEED, max_size=25))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
def test_whatever_a_job_does_the_plain_folder_is_what_it_saw(
    tmp_path_factory: pytest.TempPathFactory, deeds: list[tuple[str, str, str]]
) -> None:
    root = tmp_path_factory.mktemp("laid")
    with own_mounts():
        laid = Laid(root)
        workspace = laid.paths.workspace
        for what, one, other in deeds:
            with suppress(OSError):
                DEEDS[what](workspace / one, workspace / other)
        shown = _contents(workspace)
        settle(laid.paths, ".")
        assert laid.settled() == shown
        settle(laid.paths, ".")  # is safe to repeat
        discard(laid.paths)
        assert laid.settled() == shown
        assert _contents(laid.kept) == laid.stored
    shutil.rmtree(root)


WORKFLOWS = """\
workflows:
  - name: make
    provider: bash
    artifacts: [data]
    commands:
      - for name in one two three; do head -c 30000000 /dev/urandom > data/$name; done
      - mkdir data/sub; echo small > data/sub/small; chmod 750 data/two; chmod 600 data/three
  - name: use
    provider: bash
    deps: [make]
    artifacts: [data]
    commands:
      - stat -f -c %T . > data/type
      - echo more >> data/one
      - mv data/two data/sub/moved
      - chmod 640 data/three
      - rm -r data/sub/small
      - echo $$ > "$HOME/pid"
      - test ! -e "$HOME/wait" || sleep 600
"""
USED = ["data/one", "data/sub/moved", "data/three", "data/type"]


class Case:
    """A world in which a run has left something large behind, and another one uses it."""

    def __init__(self, world: World) -> None:
        world.workflows(WORKFLOWS)
        self.world = world
        assert world.wf("run", "make").code == 0
        (self.made,) = world.runs()
        self.kept = _contents(world.folder(self.made) / "artifacts")
        self.mounted = _mounted(world)

    @property
    def used(self) -> str:
        (found,) = set(self.world.runs()) - {self.made}
        return found

    def check(self) -> None:
        """What was used is kept as the job left it, and nothing else is left of it."""
        folder = self.world.folder(self.used)
        artifacts = folder / "artifacts"
        made = self.world.folder(self.made) / "artifacts"
        assert _contents(made) == self.kept
        entries = (folder / "manifest/0.jsonl").read_text().splitlines()
        found = {entry.path: entry for entry in (Entry(**json.loads(line)) for line in entries)}
        assert list(found) == USED
        assert (artifacts / "data/type").read_text() == "overlayfs\n"
        assert (artifacts / "data/one").read_bytes() == (made / "data/one").read_bytes() + b"more\n"
        assert (artifacts / "data/sub/moved").samefile(made / "data/two")
        assert (artifacts / "data/three").samefile(made / "data/three")
        assert [found[path].mode for path in USED] == [0o644, 0o750, 0o640, 0o644]
        assert self.world.wf("artifacts", "list", self.used).code == 0
        assert _mounted(self.world) == self.mounted
        assert not {"layer", "workspace"} & set(os.listdir(folder))


@pytest.fixture
def case(world: World, alone: None) -> Case:  # noqa: ARG001 - no mount outlives the test
    made = Case(world)
    paths = RunPaths(world.home / "trial")
    paths.root.mkdir()
    paths.submitted.write_text("{}")
    with own_mounts():
        possible = below(paths) is not None
    require("overlayfs", None if possible else "folders cannot be laid over one another here")
    return made


def test_a_consumer_changes_only_its_own_copy(case: Case) -> None:
    done = case.world.wf("run", "use")
    assert done.code == 0, done.err
    case.check()


def test_nobody_else_sees_it_and_the_producer_may_go(case: Case) -> None:
    (case.world.home / "wait").touch()
    wf = case.world.start("run", "use")
    pid = int(until(lambda: _text(case.world.home / "pid"), "a job"))
    workspace = case.world.folder(case.used) / "workspace"
    assert _mounted(case.world) == case.mounted
    assert not os.listdir(workspace)
    seen = Path(f"/proc/{pid}/root{workspace}/data")
    assert case.world.wf("rm", case.made).code == 0
    assert hashlib.sha256((seen / "three").read_bytes()).hexdigest() == case.kept["data/three"][2]
    wf.send_signal(signal.SIGINT)
    wf.wait()
    assert _mounted(case.world) == case.mounted
    kept = _contents(case.world.folder(case.used) / "artifacts")
    assert kept["data/three"][2] == case.kept["data/three"][2]
    assert not (case.world.folder(case.used) / "layer").exists()


def test_a_run_that_is_killed_is_brought_to_its_end(case: Case) -> None:
    (case.world.home / "wait").touch()
    wf = case.world.start("run", "use")
    until(lambda: _text(case.world.home / "pid"), "a job")
    kill(wf)
    assert case.world.record(case.used)["status"] == "lost"
    case.check()


def test_a_power_cut_while_it_runs(case: Case) -> None:
    """Of what was not on the disk yet, there may be empty files."""
    (case.world.home / "wait").touch()
    wf = case.world.start("run", "use")
    until(lambda: _text(case.world.home / "pid"), "a job")
    os.truncate(RunPaths(case.world.folder(case.used)).layer_digests, 0)
    kill(wf)
    assert case.world.wf("ps", "-a").code == 0
    assert case.world.record(case.used)["status"] == "lost"
    kept = _contents(case.world.folder(case.used) / "artifacts")
    assert kept["data/three"][2] == case.kept["data/three"][2]
    assert case.world.wf("artifacts", "verify").code == 0


@pytest.mark.parametrize("point", ["laid", "collecting", "settling", "settled", "collected"])
def test_kill_9_at_any_moment(case: Case, point: str) -> None:
    done = case.world.wf("run", "use", WF_FAILPOINTS=f"{point}=kill;orphans-ended=kill")
    assert done.code != 0
    if point == "laid":
        assert case.world.record(case.used)["status"] == "lost"
        assert not (case.world.folder(case.used) / "layer").exists()
        assert _mounted(case.world) == case.mounted
        return
    if point == "collecting":
        # whoever brings it to its end is killed in the middle of that, too
        for again in ("settling", "settled"):
            case.world.wf("ps", WF_FAILPOINTS=f"{again}=kill")
    assert case.world.record(case.used)["status"] == "succeeded"
    case.check()


def test_an_aborted_run_leaves_nothing(case: Case) -> None:
    (case.world.home / "wait").touch()
    wf = case.world.start("run", "use")
    until(lambda: _text(case.world.home / "pid"), "a job")
    case.world.wf("stop", "--abort", case.used)
    wf.wait()
    assert not {"layer", "workspace", "artifacts"} & set(os.listdir(case.world.folder(case.used)))
    assert _contents(case.world.folder(case.made) / "artifacts") == case.kept


def _disk(folder: Path, kind: str) -> None:
    """Mount a file system of that kind, which lies in a file."""
    require(kind, program(f"mkfs.{kind}"))
    image = folder.with_suffix(".image")
    with image.open("wb") as file:
        file.truncate(400 << 20)
    folder.mkdir()
    subprocess.run([f"mkfs.{kind}", "-q", image], check=True, capture_output=True)
    done = subprocess.run(["mount", "-o", "loop", image, folder], capture_output=True, check=False)
    require("loop devices", done.stderr.decode() or None)


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("kind", ["btrfs", "xfs"])
def test_where_blocks_can_be_shared_they_are(tmp_path: Path, kind: str) -> None:
    disk = tmp_path / "disk"
    _disk(disk, kind)
    paths, kept = RunPaths(disk / "run"), disk / "kept"
    paths.workspace.mkdir(parents=True)
    paths.submitted.write_text("{}")
    kept.mkdir()
    entries = []
    for number in range(2):
        content = os.urandom(80 << 20)
        (kept / str(number)).write_bytes(content)
        entries.append(Entry(str(number), "file", len(content), "", 0o640, MODIFIED))
    os.sync()
    before = shutil.disk_usage(disk).used
    assert below(paths) is None  # nothing has to be laid over anything
    give(kept, entries, paths.workspace, lambda *_: None)
    os.sync()
    assert shutil.disk_usage(disk).used - before < 8 << 20
    given = paths.workspace / "0"
    assert not given.samefile(kept / "0")
    assert stat.S_IMODE(given.stat().st_mode) == 0o640
    with given.open("r+b") as file:
        file.write(b"mine")
    stored = (kept / "0").read_bytes()
    assert not stored.startswith(b"mine")
    assert given.read_bytes()[4:] == stored[4:]


def _text(path: Path) -> str | None:
    return path.read_text().strip() if path.exists() else None
