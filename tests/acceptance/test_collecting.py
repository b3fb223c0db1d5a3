"""How artifacts are collected: patterns, places outside, what the job puts there, what is amiss."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING

import pytest

from runner.paths import RunPaths
from runner.records.supervision import recorded
from tests.acceptance import ordinary
from tests.conftest import kill, until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Result, World

HEAD = """\
workflows:
  - name: train
    provider: bash
    commands:
      - |
        {}
    artifacts: {}
"""


def write(world: World, commands: str, artifacts: str) -> None:
    world.workflows(HEAD.format("\n        ".join(commands.splitlines()), artifacts))


def run(world: World, commands: str, artifacts: str) -> Result:
    write(world, commands, artifacts)
    return world.wf("run", "train")


def kept(world: World) -> Path:
    """The artifacts' folder of the one run."""
    (name,) = world.runs()
    return world.folder(name) / "artifacts"


def files(folder: Path) -> dict[str, str]:
    return {
        str(file.relative_to(folder)): file.read_text()
        for file in sorted(folder.rglob("*"))
        if file.is_file()
    }


def test_what_matches_a_pattern_is_kept(world: World) -> None:
    done = run(world, "mkdir -p a/b; echo 1 > a/x.ckpt; echo 2 > a/b/y.ckpt", "['**/*.ckpt']")
    assert done.code == 0
    assert files(kept(world)) == {"a/b/y.ckpt": "2\n", "a/x.ckpt": "1\n"}
    assert "artifacts ✓ **/*.ckpt 2 files 4 B" in done.err


def test_what_lies_elsewhere_is_copied(world: World, tmp_path: Path) -> None:
    """A conda environment in /opt came back empty with the original tool (its issue 98)."""
    env = tmp_path / "opt" / "env"
    done = run(world, f"mkdir -p {env}/bin; echo x > {env}/bin/tool", f"[{env}]")
    assert done.code == 0
    assert (env / "bin/tool").read_text() == "x\n"
    assert files(kept(world) / f"@root{env}") == {"bin/tool": "x\n"}


def test_the_home_folder(world: World) -> None:
    done = run(world, "mkdir -p ~/.cache/own; echo x > ~/.cache/own/y", "['~/.cache/own']")
    assert done.code == 0
    home = os.path.realpath(world.variables["HOME"])
    assert files(kept(world)) == {f"@root{home}/.cache/own/y": "x\n"}
    (artifact,) = world.record()["artifacts"]
    assert (artifact["path"], artifact["files"]) == (f"{home}/.cache/own", 1)


def test_what_the_job_puts_there_itself(world: World) -> None:
    done = run(
        world,
        'mkdir "$WF_ARTIFACTS/plots"; echo 1 > "$WF_ARTIFACTS/plots/a"\necho 2 > model/x',
        "[model]",
    )
    assert done.code == 0
    assert files(kept(world)) == {"model/x": "2\n", "plots/a": "1\n"}
    assert [one["path"] for one in world.record()["artifacts"]] == ["model", "plots"]


def test_without_declaring_anything(world: World) -> None:
    world.workflows(
        "workflows:\n  - {name: job, provider: bash, commands: ['echo 1 > $WF_ARTIFACTS/x']}\n"
    )
    assert world.wf("run", "job").code == 0
    assert files(kept(world)) == {"x": "1\n"}


def test_a_mounted_one_is_seen_while_the_job_runs(world: World) -> None:
    write(
        world,
        'echo 1 > logs/x; readlink "$WF_ARTIFACTS/logs"; cat "$WF_ARTIFACTS/logs/x"',
        "[{path: logs, mount: true}]",
    )
    done = world.wf("run", "train")
    assert done.code == 0
    assert done.out.splitlines()[1] == "1"
    assert not (kept(world) / "logs").is_symlink()
    assert files(kept(world)) == {"logs/x": "1\n"}


def test_what_was_written_before_wf_was_killed_is_collected(world: World, tmp_path: Path) -> None:
    """The mounted one, what the job put there itself, and what lies elsewhere."""
    write(
        world,
        f"echo 1 > logs/x; echo 2 > $WF_ARTIFACTS/own; echo 3 > {tmp_path}/far; sleep 100",
        f"[{{path: logs, mount: true}}, {tmp_path}/far, '~/none', '*.none']",
    )
    wf = world.start("run", "train")
    until((tmp_path / "far").exists, "what the job writes")
    os.kill(supervisor(world), signal.SIGKILL)
    kill(wf)
    until(lambda: world.record()["status"] == "lost", "that it is lost")
    assert files(kept(world)) == {f"@root{tmp_path}/far": "3\n", "logs/x": "1\n", "own": "2\n"}
    assert not (kept(world) / "logs").is_symlink()


def supervisor(world: World) -> int:
    """The process that carries the one run out."""
    (name,) = world.runs()
    found = recorded(RunPaths(world.folder(name)))
    assert found is not None
    return found.pid


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_kept(
    world: World, tmp_path: Path
) -> None:
    far = tmp_path / "far"
    far.mkdir()
    (far / "secret").write_text("x")
    (far / "secret").chmod(0)
    write(world, "echo 1 > model/x", f"[model, {far}]")
    done = ordinary.wf(world, "run", "train")
    assert done.code == 73
    assert f"error: not all artifacts could be kept: `{far}/secret`: Permission denied" in done.err
    assert f"hint: let {far}/secret be read" in done.err
    assert files(kept(world)) == {"model/x": "1\n"}
    found = world.record()
    assert (found["status"], found["reason"]) == ("failed", "storage")
    assert [one["files"] for one in found["artifacts"]] == [1, 0]
    (name,) = world.runs()
    assert (world.folder(name) / "workspace").is_dir()
    assert (far / "secret").stat().st_mode & 0o777 == 0
    again = ordinary.wf(world, "artifacts", "collect", name)
    assert (again.code, again.err.count("Permission denied")) == (73, 1)
    (far / "secret").chmod(0o600)
    again = ordinary.wf(world, "artifacts", "collect", name)
    assert (again.code, again.err) == (0, f"kept of {name}: 2 files, 3 B\n")
    assert files(kept(world)) == {"model/x": "1\n", f"@root{far}/secret": "x"}
    assert not (world.folder(name) / "workspace").exists()
    assert world.record()["reason"] == "storage"
    again = ordinary.wf(world, "artifacts", "collect", name)
    assert (again.code, again.err) == (0, f"nothing of {name} is left to be kept\n")


@pytest.mark.parametrize("point", ["collected", "manifest-written"])
def test_that_is_still_said_by_who_finds_the_run(world: World, tmp_path: Path, point: str) -> None:
    far = tmp_path / "far"
    far.write_text("x")
    far.chmod(0)
    write(world, "echo 1 > model/x", f"[model, {far}]")
    world.variables["WF_FAILPOINTS"] = f"{point}=kill"
    ordinary.wf(world, "run", "train")
    del world.variables["WF_FAILPOINTS"]
    assert ordinary.wf(world, "ps").code == 0
    found = world.record()
    assert (found["status"], found["reason"]) == ("failed", "storage")
    assert f"`{far}`: Permission denied" in found["message"]
    assert files(kept(world)) == {"model/x": "1\n"}


def test_links_on_the_way_are_named(world: World, tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "x").write_text("1")
    (tmp_path / "link").symlink_to("real")
    done = run(world, "true", f"[{tmp_path}/link/x]")
    assert done.code == 0
    assert f"`{tmp_path}/link` is a link, and not followed" in done.err
    assert f"it leads to {tmp_path}/real" in done.err


def test_a_gathered_file_is_never_shared_with_one_outside(world: World, tmp_path: Path) -> None:
    """It has a name in the workspace, and one where somebody goes on writing."""
    outside = tmp_path / "outside"
    outside.write_text("before")
    done = run(world, f"ln {outside} model/x || cp {outside} model/x", "[model]")
    assert done.code == 0
    with outside.open("a") as file:
        file.write(", after")
    assert (kept(world) / "model/x").read_text() == "before"
    assert outside.stat().st_mode & 0o200


def test_nothing_is_moved_through_a_link_in_the_place_of_the_folder(
    world: World, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "theirs").write_text("theirs")
    swap = f"rm -rf $WF_ARTIFACTS; ln -s {outside} $WF_ARTIFACTS; echo 1 > model/x"
    done = run(world, swap, "[model]")
    assert (done.code, f"replaced by a link to {outside}" in done.err) == (0, True)
    assert files(kept(world)) == {"model/x": "1\n"}
    assert not kept(world).is_symlink()
    assert files(outside) == {"theirs": "theirs"}
    assert (outside / "theirs").stat().st_mode & 0o200


def test_a_file_in_the_place_of_the_folder_is_kept(world: World) -> None:
    swap = "rm -rf $WF_ARTIFACTS; echo 2 > $WF_ARTIFACTS; echo 1 > model/x"
    done = run(world, swap, "[model]")
    said = "$WF_ARTIFACTS was replaced by a file: it is kept as `artifacts`"
    assert (done.code, said in done.err) == (0, True), done.err
    assert files(kept(world)) == {"model/x": "1\n", "artifacts": "2\n"}
    assert world.wf("artifacts", "cat", "last:artifacts").out == "2\n"


def test_a_run_that_goes_on_is_not_collected(world: World, tmp_path: Path) -> None:
    write(world, f"touch {tmp_path}/begun; sleep 100", "[model]")
    wf = world.start("run", "train")
    until((tmp_path / "begun").exists, "what the job writes")
    done = world.wf("artifacts", "collect", "last")
    assert done.code == 64
    assert "is not over yet" in done.err
    kill(wf)
