"""What is brought among the artifacts: by moving, by copying, and again after a crash."""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from runner import tree
from runner.artifacts.collecting.collect import Collected, collect
from runner.artifacts.collecting.mounts import mounted_below
from runner.artifacts.collecting.preparing import at_home, prepare
from runner.artifacts.folders import entered
from runner.artifacts.store.pool import Pool
from runner.paths import RunPaths
from runner.spec.workflow import ArtifactRequest

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


class Run(NamedTuple):
    """A run whose job has ended, and a folder of the user's."""

    paths: RunPaths
    outside: Path

    @property
    def workspace(self) -> Path:
        return self.paths.workspace

    @property
    def kept(self) -> Path:
        return self.paths.artifacts

    def collect(self, *declared: str | ArtifactRequest) -> Collected:
        requests = tuple(ArtifactRequest(one) if isinstance(one, str) else one for one in declared)
        return collect(self.workspace, requests, self.paths, Pool(self.paths.root / "objects"))


def listed(done: Collected) -> list[tuple[str, list[str]]]:
    """Each artifact's path, and those of its entries."""
    return [(one.path, [entry.path for entry in one.entries()]) for one in done.artifacts]


def write(file: Path, text: str = "x") -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)


def has(folder: Path) -> dict[str, str]:
    """The files below a folder, with their texts."""
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    made = Run(RunPaths(tmp_path / "runs" / "r-1"), tmp_path / "outside")
    for folder in (made.workspace, made.kept, made.outside):
        folder.mkdir(parents=True)
    yield made
    tree.remove(tmp_path)


# --- patterns -------------------------------------------------------------------------------------


def test_all_that_matches_is_one_artifact(run: Run) -> None:
    for name in ("out/b.ckpt", "out/a.ckpt", "out/a.txt", "out/deep/c.ckpt", "out/.d.ckpt"):
        write(run.workspace / name)
    done = run.collect("out/*.ckpt")
    assert listed(done) == [("out/*.ckpt", ["out/a.ckpt", "out/b.ckpt"])]
    assert not done.remarks
    assert (run.workspace / "out/a.txt").exists()
    assert not (run.workspace / "out/a.ckpt").exists()


def test_folders_between(run: Run) -> None:
    for name in ("last.ckpt", "a/b/last.ckpt", "a/other", "a/.hidden/last.ckpt"):
        write(run.workspace / name)
    assert listed(run.collect("**/last.ckpt")) == [("**/last.ckpt", ["a/b/last.ckpt", "last.ckpt"])]


def test_a_folder_that_matches_is_kept_whole(run: Run) -> None:
    for name in ("logs/version_0/a", "logs/version_0/b/c", "logs/version_10/a", "logs/x/a"):
        write(run.workspace / name)
    assert listed(run.collect("logs/version_*")) == [
        ("logs/version_*", ["logs/version_0/a", "logs/version_0/b/c", "logs/version_10/a"])
    ]


def test_what_has_the_very_name_is_meant(run: Run) -> None:
    for name in ("data[1]", "data1", "*"):
        write(run.workspace / name)
    assert listed(run.collect("data[1]", "*.txt")) == [("data[1]", ["data[1]"]), ("*.txt", [])]
    assert (run.workspace / "data1").exists()


def test_what_two_patterns_match_is_in_both(run: Run) -> None:
    for name in ("out/a.ckpt", "out/b.txt"):
        write(run.workspace / name)
    assert listed(run.collect("out/*.ckpt", "*/a.*", "out")) == [
        ("out/*.ckpt", ["out/a.ckpt"]),
        ("*/a.*", ["out/a.ckpt"]),
        ("out", ["out/a.ckpt", "out/b.txt"]),
    ]
    assert has(run.kept) == {"out/a.ckpt": "x", "out/b.txt": "x"}


def test_a_pattern_does_not_look_through_links(run: Run) -> None:
    write(run.outside / "a.ckpt")
    (run.workspace / "out").symlink_to(run.outside)
    assert listed(run.collect("*/a.ckpt", "**/*.ckpt")) == [("*/a.ckpt", []), ("**/*.ckpt", [])]
    assert (run.outside / "a.ckpt").exists()


# --- what lies elsewhere --------------------------------------------------------------------------


def test_an_absolute_path_is_copied_and_left_as_it_is(run: Run) -> None:
    write(run.outside / "env/bin/python", "#!")
    (run.outside / "env/bin/python").chmod(0o750)
    os.utime(run.outside / "env/bin/python", ns=(1, 10**18 + 7))
    (run.outside / "env/empty").mkdir()
    (run.outside / "env/lib").symlink_to("nowhere")
    before = {path: path.lstat() for path in sorted(run.outside.rglob("*"))}
    env = str(run.outside / "env")
    (artifact,) = run.collect(env).artifacts
    kept = {entry.path: entry for entry in artifact.entries()}
    assert list(kept) == [f"{env}/bin/python", f"{env}/empty", f"{env}/lib"]
    python = kept[f"{env}/bin/python"]
    assert (python.mode, python.modified) == (0o750, 10**18 + 7)
    assert kept[f"{env}/lib"].kind == "link"
    assert (run.kept / "@root" / env[1:] / "bin/python").read_text() == "#!"
    for path, found in before.items():
        now = path.lstat()
        assert (now.st_ino, now.st_mode, now.st_nlink, now.st_mtime_ns) == (
            found.st_ino, found.st_mode, found.st_nlink, found.st_mtime_ns
        )  # fmt: skip
    assert not run.paths.copied.exists() or not any(run.paths.copied.iterdir())


def test_an_absolute_pattern(run: Run) -> None:
    for name in ("a.csv", "b.csv", "c.txt"):
        write(run.outside / name)
    pattern = f"{run.outside}/*.csv"
    assert listed(run.collect(pattern)) == [
        (pattern, [f"{run.outside}/a.csv", f"{run.outside}/b.csv"])
    ]
    assert len(has(run.outside)) == 3


def test_the_home_folder_takes_the_place_of_its_sign() -> None:
    requests = tuple(ArtifactRequest(path) for path in ("~/a", "a/~", "/b"))
    assert [one.path for one in at_home(requests, "/home/ada")] == ["/home/ada/a", "a/~", "/b"]


def test_links_on_the_way_to_it_are_not_followed(run: Run) -> None:
    write(run.outside / "real/x")
    (run.outside / "link").symlink_to("real")
    done = run.collect(f"{run.outside}/link/x")
    assert listed(done) == [(f"{run.outside}/link/x", [])]
    (said,) = done.remarks
    assert f"`{run.outside}/link` is a link" in said
    assert f"it leads to {os.path.realpath(run.outside / 'real')}" in said


def test_it_never_copies_the_runs_into_themselves(run: Run) -> None:
    for path in (run.paths.root, run.paths.root.parent, run.paths.root.parent.parent):
        done = run.collect(str(path))
        assert "wf keeps its runs there" in done.remarks[0]
        assert has(run.kept) == {}


def test_pipes_outside_are_left_out_and_said(run: Run) -> None:
    os.mkfifo(run.outside / "pipe")
    write(run.outside / "file")
    done = run.collect(str(run.outside))
    assert [path for _, paths in listed(done) for path in paths] == [f"{run.outside}/file"]
    assert done.remarks == (f"not files, and so not kept: {run.outside}/pipe",)


# --- what the job itself put there ----------------------------------------------------------------


def test_what_nobody_declared_is_kept_as_the_largest_trees(run: Run) -> None:
    for name in ("plots/a.png", "plots/deep/b.png", "a/declared/x", "a/other/y", "top"):
        write(run.kept / name)
    write(run.workspace / "a/declared/z")
    (run.kept / "nothing").mkdir()
    done = run.collect("a/declared")
    assert listed(done) == [
        ("a/declared", ["a/declared/x", "a/declared/z"]),
        ("a/other", ["a/other/y"]),
        ("plots", ["plots/a.png", "plots/deep/b.png"]),
        ("top", ["top"]),
    ]
    assert not done.remarks
    assert len(list(run.paths.lists.iterdir())) == 4


def test_of_two_files_at_one_path_both_are_kept(run: Run) -> None:
    write(run.workspace / "out/x", "declared")
    write(run.kept / "out/x", "other")
    write(run.kept / "out/x.1", "before")
    done = run.collect("out")
    assert has(run.kept) == {"out/x": "declared", "out/x.1": "before", "out/x.2": "other"}
    assert "`out/x` was written to both places" in done.remarks[0]
    assert "`out/x.2`" in done.remarks[0]


def test_of_two_alike_one_is_enough(run: Run) -> None:
    for folder in (run.workspace, run.kept):
        write(folder / "out/x", "same")
        (folder / "out/link").symlink_to("x")
    done = run.collect("out")
    assert has(run.kept) == {"out/x": "same", "out/link": "same"}
    assert not done.remarks


@pytest.mark.parametrize("declared", ["file", "folder", "link"])
@pytest.mark.parametrize("other", ["file", "folder", "link"])
def test_whatever_they_are(run: Run, declared: str, other: str) -> None:
    make: dict[str, Callable[[Path], Any]] = {
        "file": lambda path: path.write_text(f"of {path.parent.name}"),
        "folder": lambda path: write(path / path.parent.name),
        "link": lambda path: path.symlink_to(path.parent),
    }
    make[declared](run.workspace / "x")
    make[other](run.kept / "x")
    kinds = {"file": stat.S_ISREG, "folder": stat.S_ISDIR, "link": stat.S_ISLNK}
    run.collect("x")
    assert kinds[declared]((run.kept / "x").lstat().st_mode)
    if declared == other == "folder":
        assert sorted(os.listdir(run.kept / "x")) == ["artifacts", "workspace"]
    else:
        assert kinds[other]((run.kept / "x.1").lstat().st_mode)


def test_a_file_on_the_way_is_kept_beside(run: Run) -> None:
    write(run.workspace / "a/b/c", "declared")
    write(run.kept / "a", "other")
    run.collect("a/b/c")
    assert has(run.kept) == {"a/b/c": "declared", "a.1": "other"}


def test_the_longest_name_can_be_kept_beside(run: Run) -> None:
    name = "é" * 127 + "x"
    write(run.workspace / name, "declared")
    write(run.kept / name, "other")
    run.collect(name)
    assert len(has_bytes(run.kept)) == 2


def has_bytes(folder: Path) -> list[bytes]:
    return os.listdir(os.fsencode(folder))


# --- seen while the job runs ----------------------------------------------------------------------


def test_a_mounted_path_is_seen_and_then_kept(run: Run) -> None:
    requests = (
        ArtifactRequest("logs/deep", mount=True),
        ArtifactRequest("model.ckpt", mount=True),
        ArtifactRequest(str(run.outside), mount=True),
        ArtifactRequest("*.csv", mount=True),
        ArtifactRequest("plain"),
    )
    for _ in range(2):  # each attempt does
        prepare(run.workspace, requests, run.kept)
    write(run.workspace / "logs/deep/x", "1")
    write(run.workspace / "model.ckpt", "2")
    write(run.outside / "y", "3")
    assert (run.kept / "logs/deep/x").read_text() == "1"
    assert (run.kept / "model.ckpt").read_text() == "2"
    assert (run.kept / f"@root{run.outside}/y").read_text() == "3"
    assert sorted(os.listdir(run.kept)) == ["@root", "logs", "model.ckpt"]
    done = run.collect(*requests)
    assert [paths for _, paths in listed(done)] == [
        ["logs/deep/x"], ["model.ckpt"], [f"{run.outside}/y"], [], [],
    ]  # fmt: skip
    assert not any(path.is_symlink() for path in run.kept.rglob("*"))


def test_one_that_was_never_written_leaves_no_link(run: Run) -> None:
    request = ArtifactRequest("model.ckpt", mount=True)
    prepare(run.workspace, (request,), run.kept)
    assert listed(run.collect(request)) == [("model.ckpt", [])]
    assert os.listdir(run.kept) == []


def test_a_link_of_the_jobs_own_stays(run: Run) -> None:
    (run.kept / "latest").symlink_to("elsewhere")
    assert listed(run.collect(ArtifactRequest("latest", mount=True))) == [("latest", ["latest"])]


def test_folders_are_not_made_through_links(run: Run) -> None:
    (run.workspace / "out").symlink_to(run.outside)
    prepare(run.workspace, (ArtifactRequest("out/a"), ArtifactRequest("b/c")), run.kept)
    assert os.listdir(run.outside) == []
    assert (run.workspace / "b/c").is_dir()


# --- what leads elsewhere -------------------------------------------------------------------------


def test_a_link_that_is_put_in_place_meanwhile_leads_nowhere(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Between the look at what is there and the move of it."""
    write(run.workspace / "out/model/x", "mine")
    write(run.outside / "model/precious")

    def swapped(top: int, names: tuple[str, ...], **how: bool) -> Any:
        if names == ("out",) and (run.workspace / "out").is_dir():
            os.rename(run.workspace / "out", run.workspace / "was")
            (run.workspace / "out").symlink_to(run.outside)
        return entered(top, names, **how)

    monkeypatch.setattr("runner.artifacts.collecting.moving.entered", swapped)
    done = run.collect("out/model")
    assert has(run.outside) == {"model/precious": "x"}
    assert has(run.kept) == {}
    assert "the artifact `out/model` was not kept" in done.remarks[0]


def test_a_working_directory_that_became_a_link_leads_nowhere(run: Run) -> None:
    write(run.outside / "model/precious")
    (run.workspace / "src").symlink_to(run.outside)
    done = collect(run.workspace / "src", (ArtifactRequest("model"),), run.paths, Pool(run.outside))
    assert "the working directory leads out of the workspace" in done.remarks[0]
    assert (run.outside / "model/precious").exists()


def test_a_working_directory_that_is_a_link_within_serves(run: Run) -> None:
    write(run.workspace / "code/model/x")
    (run.workspace / "src").symlink_to("code")
    request = ArtifactRequest("model")
    done = collect(run.workspace / "src", (request,), run.paths, Pool(run.outside))
    assert listed(done) == [("model", ["model/x"])]


# --- what is there instead ------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ("modle", "there is: model/, config.yaml, out/"),
        ("out/best.ckpt", "in `out` there is: Best.ckpt, a.txt"),
        ("out/deep/er/x", "in `out` there is: Best.ckpt, a.txt"),
        ("nowhere/x", "there is: config.yaml, model/, out/"),
        ("*.yml", "there is: config.yaml, model/, out/"),
    ],
)
def test_what_is_there_instead_is_named(run: Run, declared: str, said: str) -> None:
    for name in ("out/Best.ckpt", "out/a.txt", "model/x", "config.yaml", ".git/x"):
        write(run.workspace / name)
    (run.workspace / "made-by-wf").mkdir()
    what = "matches nothing" if "*" in declared else "is empty"
    assert run.collect(declared).remarks == (f"the artifact `{declared}` {what}; {said}",)


def test_what_another_path_has_taken_counts(run: Run) -> None:
    write(run.workspace / "out/best.ckpt")
    done = run.collect("out/bset.ckpt", "out")
    assert "in `out` there is: best.ckpt" in done.remarks[0]


def test_a_link_is_kept_as_one_and_that_is_said(run: Run) -> None:
    (run.workspace / "model").symlink_to(run.outside)
    (said,) = run.collect("model").remarks
    assert said == "the artifact `model` is a link, and kept as one: not what it leads to"


# --- what cannot be moved -------------------------------------------------------------------------


@pytest.mark.parametrize("number", [errno.EXDEV, errno.EBUSY])
def test_what_lies_on_another_file_system_is_copied(
    run: Run, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    write(run.workspace / "out/a/x", "1")
    (run.workspace / "out/link").symlink_to("a")
    (run.workspace / "out/empty").mkdir(mode=0o500)
    write(run.kept / "out/a/y", "2")
    rename = os.rename

    def renamed(source: Any, target: Any, **how: Any) -> None:
        if "src_dir_fd" in how and under(how["src_dir_fd"], run.workspace):
            raise OSError(number, os.strerror(number), source)
        rename(source, target, **how)

    monkeypatch.setattr(os, "rename", renamed)
    assert listed(run.collect("out")) == [("out", ["out/a/x", "out/a/y", "out/empty", "out/link"])]
    assert (run.workspace / "out/a/x").exists()
    assert not has(run.paths.copied)


def under(descriptor: int, folder: Path) -> bool:
    return os.readlink(f"/proc/self/fd/{descriptor}").startswith(str(folder))


def test_what_is_mounted_below_a_folder_is_seen() -> None:
    assert "proc" in mounted_below("/")
    assert mounted_below("/nowhere") == frozenset()


@pytest.fixture
def nobody() -> Iterator[Run]:
    """A run of somebody's whom permissions hold, in a folder that is theirs."""
    if os.geteuid() != 0:
        pytest.skip("only root can be somebody else")
    folder = Path(tempfile.mkdtemp(prefix="wf-nobody-"))
    made = Run(RunPaths(folder / "runs" / "r-1"), folder / "outside")
    try:
        for one in (made.workspace, made.kept, made.outside):
            one.mkdir(parents=True)
        for one in (folder, *folder.rglob("*")):
            os.chown(one, NOBODY, NOBODY)
        os.seteuid(NOBODY)
        yield made
    finally:
        os.seteuid(0)
        tree.remove(folder)


NOBODY = 65534


def test_what_its_owner_has_locked_is_kept(nobody: Run) -> None:
    for name in ("out/locked/x", "out/file", "a/b/c"):
        write(nobody.workspace / name)
    (nobody.workspace / "out/file").chmod(0)
    for folder in ("out/locked", "out", "a/b", "a"):
        (nobody.workspace / folder).chmod(0)
    done = nobody.collect("out", "a/b")
    assert done.error is None
    # a folder that is not open to everybody is listed, too
    assert listed(done) == [
        ("out", ["out", "out/file", "out/locked", "out/locked/x"]),
        ("a/b", ["a/b", "a/b/c"]),
    ]
    modes = {entry.path: entry.mode for entry in done.artifacts[0].entries()}
    assert modes["out/file"] == 0


def others(file: Path) -> None:
    """Make it somebody else's."""
    os.seteuid(0)
    os.chown(file, 0, 0)
    os.seteuid(NOBODY)


def test_a_file_of_somebody_else_is_named_and_the_rest_is_kept(nobody: Run) -> None:
    for name in ("out/theirs", "out/mine"):
        write(nobody.workspace / name)
    (nobody.workspace / "out/theirs").chmod(0o600)
    others(nobody.workspace / "out/theirs")
    done = nobody.collect("out")
    assert listed(done) == [("out", ["out/mine"])]
    assert done.error is not None
    assert done.error.message == "not all artifacts could be kept: `out/theirs`: Permission denied"
    assert f"{nobody.workspace}/out/theirs" in str(done.error.hint)
    assert (nobody.workspace / "out/theirs").exists()
    assert not (nobody.kept / "out/theirs").exists()
    os.seteuid(0)
    (nobody.workspace / "out/theirs").chmod(0o644)
    os.seteuid(NOBODY)
    again = nobody.collect("out")
    assert again.error is None
    assert listed(again) == [("out", ["out/mine", "out/theirs"])]


def test_a_folder_of_somebody_else_is_copied(nobody: Run) -> None:
    """It cannot be moved (its ``..`` would change), as where a container wrote it."""
    for name in ("out/mine", "out/theirs/x", "out/theirs/deep/y"):
        write(nobody.workspace / name)
    for name in ("out/theirs/deep", "out/theirs", "out"):
        others(nobody.workspace / name)
    done = nobody.collect("out")
    assert done.error is None
    assert listed(done) == [("out", ["out/mine", "out/theirs/deep/y", "out/theirs/x"])]


def test_what_lies_elsewhere_is_not_unlocked(nobody: Run) -> None:
    for name in ("data/locked/x", "data/file", "data/fine"):
        write(nobody.outside / name)
    (nobody.outside / "data/file").chmod(0)
    (nobody.outside / "data/locked").chmod(0)
    data = nobody.outside / "data"
    done = nobody.collect(str(data))
    assert listed(done) == [(str(data), [f"{data}/fine", f"{data}/locked"])]
    assert done.error is not None
    assert f"`{data}/file`: Permission denied, and 1 more" in done.error.message
    assert f"{data}/locked: Permission denied" in str(done.error.details)
    assert stat.S_IMODE((data / "locked").stat().st_mode) == 0


def test_a_folder_that_no_pattern_can_look_into_is_named(nobody: Run) -> None:
    write(nobody.outside / "data/locked/x.csv")
    write(nobody.outside / "data/y.csv")
    (nobody.outside / "data/locked").chmod(0)
    done = nobody.collect(f"{nobody.outside}/data/**/*.csv")
    assert done.error is not None
    assert f"`{nobody.outside}/data/locked`: Permission denied" in done.error.message
    assert [paths for _, paths in listed(done)] == [[f"{nobody.outside}/data/y.csv"]]


# --- odd names ------------------------------------------------------------------------------------

ODD = [
    b"-rf", b"a\nb", b"'", b'"', b"\xff\xfe", b"\x1b[2J", b"n" * 255, b"\xd0\xb0", b"e\xcc\x81",
    "\N{LATIN SMALL LETTER E WITH ACUTE}".encode(), b"a\\b", b" ", b"...", b"*", b"[x]",
    b"$HOME", b"#1",
]  # fmt: skip


def test_odd_names_are_kept_as_they_are(run: Run) -> None:
    for place in (run.workspace / "out", run.outside / "data", run.kept / "own"):
        place.mkdir()
        for name in ODD:
            with open(os.path.join(os.fsencode(place), name), "wb") as file:
                file.write(name)
    done = run.collect("out", str(run.outside / "data"))
    assert [one.files for one in done.artifacts] == [len(ODD)] * 3
    assert not done.remarks
    for place in (run.kept / "out", run.kept / f"@root{run.outside}/data", run.kept / "own"):
        assert sorted(os.listdir(os.fsencode(place))) == sorted(ODD)
    for artifact in done.artifacts:
        names = {os.fsencode(entry.path).rpartition(b"/")[2] for entry in artifact.entries()}
        assert names == set(ODD)


def test_odd_names_can_be_declared(run: Run) -> None:
    names = [os.fsdecode(name) for name in ODD]
    for name in names:
        (run.workspace / name).write_text(name, errors="surrogateescape")
    done = run.collect(*names)
    assert [paths for _, paths in listed(done)] == [[name] for name in names]


# --- again ----------------------------------------------------------------------------------------

TREES = st.dictionaries(
    st.sampled_from(["out/a", "out/b/c", "out/b/d", "x.csv", "y.csv", "@r", "plots/p"]),
    st.sampled_from(["", "1", "2"]),
    min_size=1,
)


class StoppedError(Exception):
    """Nobody carries the collection on."""


@settings(max_examples=15)
@given(TREES, TREES, TREES, st.integers(min_value=0, max_value=12))
def test_it_can_be_stopped_anywhere_and_done_again(
    tmp_path_factory: pytest.TempPathFactory,
    workspace: dict[str, str],
    own: dict[str, str],
    outside: dict[str, str],
    after: int,
) -> None:
    """What is kept in the end is the same as if nobody had stopped it."""

    def kept(*, stop: bool) -> dict[str, str]:
        made = tmp_path_factory.mktemp("run")
        run = Run(RunPaths(made / "runs" / "r-1"), tmp_path_factory.mktemp("outside"))
        for folder, files in (
            (run.workspace, workspace), (run.kept, own), (run.outside, outside)
        ):  # fmt: skip
            for name, text in files.items():
                write(folder / name, text)
        declared = ("out", "*.csv", str(run.outside / "out"))
        try:
            if stop:
                stopped(run, declared)
            run.collect(*declared)
            found = has(run.kept)
            return {name.replace(str(run.outside), "/outside"): found[name] for name in found}
        finally:
            tree.remove(made)
            tree.remove(run.outside)

    def stopped(run: Run, declared: tuple[str, ...]) -> None:
        left = after
        rename = os.rename

        def renamed(*args: Any, **how: Any) -> None:
            nonlocal left
            if left == 0:
                raise StoppedError
            left -= 1
            rename(*args, **how)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(os, "rename", renamed)
            with suppress(StoppedError):
                run.collect(*declared)

    assert kept(stop=True) == kept(stop=False)


# --- what is in the place of the folder --------------------------------------------------------


def test_a_file_in_the_place_of_the_folder_is_kept(run: Run) -> None:
    write(run.workspace / "artifacts", "declared")
    tree.remove(run.kept)
    write(run.kept, "mine")
    done = run.collect("artifacts")
    assert "$WF_ARTIFACTS was replaced by a file: it is kept as `artifacts`" in done.remarks
    assert sorted(has(run.kept).values()) == ["declared", "mine"]
    assert has(run.kept)["artifacts"] == "declared"


def test_it_is_kept_by_whoever_finds_it_half_moved(run: Run) -> None:
    tree.remove(run.kept)
    write(run.paths.copied, "mine")
    run.collect()
    assert has(run.kept) == {"artifacts": "mine"}
    assert not run.paths.copied.exists()


def test_a_pipe_in_the_place_of_the_folder_is_told(run: Run) -> None:
    tree.remove(run.kept)
    os.mkfifo(run.kept)
    done = run.collect()
    assert done.remarks[:2] == (
        "$WF_ARTIFACTS was replaced by what is no file",
        "not files, and so not kept: artifacts",
    )
