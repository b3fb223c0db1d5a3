"""What a container has at absolute paths: asked for once, and from the start again if need be."""

from __future__ import annotations

import io
import tarfile
from typing import TYPE_CHECKING, Any

import pytest

from runner.artifacts.collecting.collect import collect
from runner.artifacts.store.pool import Pool
from runner.containers.faults import Gone, Unreachable
from runner.containers.values import State
from runner.engine.fetching import Fetched, fetch
from runner.paths import RunPaths
from runner.spec.workflow import ArtifactRequest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class FakeContainer:
    """One with files, of which the daemon hands out what lies at a path."""

    id = "c0ffee"

    def __init__(self, files: dict[str, str], *, links: dict[str, str] | None = None) -> None:
        self.files = files
        self.links = links or {}
        self.asked: list[str] = []
        self.away = 0
        self.gone = False

    def archive(self, path: str) -> Iterator[bytes]:
        self.asked.append(path)
        if self.away:
            self.away -= 1
            raise Unreachable("nobody there")
        above = path.rsplit("/", 1)[0]
        found = [one for one in self.files if one == path or one.startswith(f"{path.rstrip('/')}/")]
        if self.gone or not found:
            raise Gone
        made = io.BytesIO()
        with tarfile.open(fileobj=made, mode="w") as archive:
            for one in sorted(found):
                member = tarfile.TarInfo(
                    one[len(above) :] if path == "/" else one[len(above) + 1 :]
                )
                first = self.links.get(one)
                if first in found:
                    member.type, member.linkname = tarfile.LNKTYPE, first[len(above) + 1 :]
                    archive.addfile(member)
                    continue
                content = self.files[one].encode()
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
        yield made.getvalue()

    def state(self) -> State:
        if self.gone:
            raise Gone
        return State("exited", 0, 0, out_of_memory=False, error="")


class Bench:
    """A run whose job has ended in a container with some files."""

    def __init__(self, root: Path) -> None:
        self.paths = RunPaths(root / "runs" / "run")
        self.paths.workspace.mkdir(parents=True)
        self.container = FakeContainer(
            {
                "/out/a/1.ckpt": "one",
                "/out/b/2.ckpt": "two",
                "/out/log": "said",
                "/data/x": "x",
                "/workflow/w.ckpt": "seen twice",
            },
        )
        self.requests: tuple[ArtifactRequest, ...] = ()

    def fetch(self, *paths: str, patience: float = 60.0) -> Fetched:
        self.requests = tuple(map(ArtifactRequest, paths))
        container: Any = self.container
        return fetch(container, self.requests, self.paths, lambda _files, _bytes: None, patience)

    @property
    def fetched(self) -> dict[str, str]:
        top = self.paths.fetched
        files = (one for one in top.rglob("*") if one.is_file())
        return {f"/{one.relative_to(top)}": one.read_text() for one in files}


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


def test_what_is_declared_is_fetched_with_one_question_for_each_folder(bench: Bench) -> None:
    assert bench.fetch("/out/*/*.ckpt", "/out/a", "/data", "data", "/nothing") == Fetched()
    assert bench.container.asked == ["/data", "/nothing", "/out"]
    assert bench.fetched == {"/data/x": "x", "/out/a/1.ckpt": "one", "/out/b/2.ckpt": "two"}
    assert not bench.paths.fetching.exists()


def test_nothing_is_asked_where_all_is_in_the_workspace(bench: Bench) -> None:
    bench.fetch("out", "*.ckpt")
    assert bench.container.asked == []


def test_a_pattern_of_the_whole_container_leaves_the_workspace_out(bench: Bench) -> None:
    bench.fetch("/**/*.ckpt")
    assert set(bench.fetched) == {"/out/a/1.ckpt", "/out/b/2.ckpt"}


def test_the_workspace_can_be_named_by_its_place_inside(bench: Bench) -> None:
    bench.fetch("/workflow/*.ckpt")
    assert set(bench.fetched) == {"/workflow/w.ckpt"}


def test_another_name_of_a_file_that_nobody_wants_is_asked_for_alone(bench: Bench) -> None:
    bench.container.files["/out/z.ckpt"] = "said"
    bench.container.links["/out/z.ckpt"] = "/out/log"
    bench.fetch("/out/*.ckpt")
    assert bench.container.asked == ["/out", "/out/z.ckpt"]
    assert bench.fetched == {"/out/z.ckpt": "said"}


def test_a_daemon_that_was_away_is_asked_from_the_start_again(bench: Bench) -> None:
    bench.container.away = 2
    (bench.paths.fetching / "half").mkdir(parents=True)
    assert bench.fetch("/data").error is None
    assert bench.container.asked == ["/data"] * 3
    assert bench.fetched == {"/data/x": "x"}
    assert not (bench.paths.fetched / "half").exists()


def test_what_was_fetched_is_not_asked_for_again(bench: Bench) -> None:
    bench.fetch("/data")
    bench.fetch("/data")
    assert bench.container.asked == ["/data"]


def test_a_container_that_is_gone_is_an_error_that_names_the_path(bench: Bench) -> None:
    bench.container.gone = True
    error = bench.fetch("/data", "/out").error
    assert error is not None
    assert "`/data`, and 1 more" in error.message
    assert error.hint == "if the container is still there: docker cp c0ffee:/data ."
    assert not bench.paths.fetched.exists()


def test_a_daemon_that_stays_away_is_an_error_in_the_end(bench: Bench) -> None:
    bench.container.away = 1000
    error = bench.fetch("/data", patience=0.0).error
    assert error is not None
    assert error.details == "nobody there"


def test_what_was_fetched_is_kept_at_the_paths_it_had(bench: Bench) -> None:
    bench.fetch("/out/*/*.ckpt", "/data", "/etc/hostname")
    done = collect(
        bench.paths.workspace,
        bench.requests,
        bench.paths,
        Pool(bench.paths.root / "objects"),
        root=bench.paths.fetched,
    )
    kept = {one.path: [entry.path for entry in one.entries()] for one in done.artifacts}
    assert kept == {
        "/out/*/*.ckpt": ["/out/a/1.ckpt", "/out/b/2.ckpt"],
        "/data": ["/data/x"],
        # that of this machine is not taken for it
        "/etc/hostname": [],
    }
    assert done.remarks == ("the artifact `/etc/hostname` is empty",)
    assert (bench.paths.artifacts / "@root/data/x").read_text() == "x"


def test_nothing_of_this_machine_is_taken_where_nothing_was_fetched(bench: Bench) -> None:
    pool = Pool(bench.paths.root / "objects")
    requests = (ArtifactRequest("/etc/hostname"),)
    done = collect(bench.paths.workspace, requests, bench.paths, pool, root=bench.paths.fetched)
    assert [list(one.entries()) for one in done.artifacts] == [[]]
