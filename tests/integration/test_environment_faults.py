"""What can happen to environments and the disk they lie on, with the real uv."""

from __future__ import annotations

import os
import re
import shlex
import signal
import subprocess
import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import FINISHING_SECONDS, Result, finishers, hear, program, require, until
from tests.fakes import packages

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

JOB = """\
  - name: {name}
    provider: bash
    requirements: {name}.txt
    commands:
      - {command}
"""
SAY = "python -c 'import leaf; print(leaf.__version__)'"


@pytest.fixture
def links(world: World, tmp_path: Path) -> Path:
    """A folder of packages, the only place that is installed from; uv keeps and links them."""
    folder = tmp_path / "links"
    packages.wheel(folder, "leaf")
    packages.wheel(folder, "twig")
    world.variables.update(packages.index(folder), UV_CACHE_DIR=str(tmp_path / "uv"))
    del world.variables["UV_NO_CACHE"]
    return folder


def project(world: World, **requirements: str) -> None:
    """A project with a workflow for each."""
    jobs = (JOB.format(name=name, command=SAY) for name in requirements)
    world.workflows("workflows:\n" + "".join(jobs))
    for name, text in requirements.items():
        world.write(f"{name}.txt", text)


def environments(world: World) -> list[Path]:
    """The folders of environments, complete or not."""
    folder = Path(world.variables["WF_CACHE"]) / "environments"
    return sorted(path for path in folder.glob("*") if path.is_dir())


def installed(world: World, name: str) -> list[Path]:
    """The places of a module, in all environments."""
    folder = Path(world.variables["WF_CACHE"])
    return sorted(folder.glob(f"environments/*/venv/lib/*/site-packages/{name}.py"))


def flip(path: Path) -> None:
    """Change one byte, in place: in whatever shares the file, too."""
    with path.open("r+b") as file:
        file.write(b"#")


# --- damage --------------------------------------------------------------------------------------


@pytest.mark.usefixtures("links")
def test_a_byte_that_is_changed_in_uvs_cache_too_comes_back_right(world: World) -> None:
    project(world, one="leaf\n", other="leaf\ntwig\n")
    for name in ("one", "other"):
        assert world.wf("run", name).out == "1.0\n"
    one, other = installed(world, "leaf")
    assert one.stat().st_ino == other.stat().st_ino, "uv has copied: nothing to be seen here"
    before = one.read_bytes()
    flip(one)
    for name in ("one", "other"):
        done = world.wf("run", name)
        assert (done.code, done.out) == (0, "1.0\n"), done.err
        assert "site-packages/leaf.py` was changed" in done.err
        assert "· built" in done.err
    assert [path.read_bytes() for path in installed(world, "leaf")] == [before, before]
    assert "· cached" in world.wf("run", "one").err


@pytest.mark.usefixtures("links")
def test_what_a_thorough_look_has_found_is_built_anew(world: World) -> None:
    project(world, one="leaf\n", other="twig\nleaf\n")
    for name in ("one", "other"):
        world.wf("run", name)
    # no digest of this file is in the packages made here; their own list is told what it was
    (path, _) = installed(world, "leaf")
    record = next(path.parent.glob("leaf-*.dist-info/RECORD"))
    record.write_text(f"leaf.py,sha256={'A' * 43},20\n")
    assert world.wf("run", "one").out == "1.0\n"
    found = world.wf("env", "verify", "--json")
    assert found.code == 78
    (damaged,) = [one for one in found.json() if not one["intact"]]
    assert damaged["changed"] == [str(path.relative_to(path.parents[3]))]
    said = world.wf("env", "show", damaged["fingerprint"][:8])
    assert "leaf.py` was changed" in said.out
    again = world.wf("run", "one")
    assert "leaf.py` was changed" in again.err + world.wf("run", "other").err
    assert world.wf("env", "verify").code == 0


@pytest.mark.usefixtures("links")
def test_the_job_holds_its_environment(world: World) -> None:
    project(world, one="leaf\n")
    count = "ls -l /proc/self/fd | grep -c '\\.use$'"
    world.workflows("workflows:\n" + JOB.format(name="one", command=count))
    assert world.wf("run", "one").out == "1\n"


@pytest.mark.usefixtures("links")
def test_what_is_in_use_is_neither_removed_nor_built_anew(world: World, tmp_path: Path) -> None:
    project(world, one="leaf\n")
    wait = f"until test -e {tmp_path / 'gate'}; do sleep 0.1; done; {SAY}"
    world.workflows("workflows:\n" + JOB.format(name="one", command=wait))
    long = world.start("run", "one")
    run = world.running()
    (listed,) = world.wf("env", "list", "--json").json()["environments"]
    assert (listed["in_use"], listed["runs"]) == (True, [run])
    assert run in world.wf("env", "list").out
    pruned = world.wf("env", "prune", "--all")
    assert f"kept {listed['fingerprint']}, which is in use" in pruned.err
    (module,) = installed(world, "leaf")
    module.with_name("added.py").touch()
    done = world.wf("run", "one")
    assert done.code == 78
    assert "added.py` was added" in done.err
    assert "another run uses it" in done.err
    assert world.record()["reason"] == "environment"
    (tmp_path / "gate").touch()
    assert long.wait(60) == 0
    assert "· built" in world.wf("run", "one").err
    # who begins to finish it in that very moment uses it
    until(lambda: not finishers(world.home), "a finished environment", FINISHING_SECONDS)
    assert world.wf("env", "prune", "--all", "--json").json()["removed"]
    assert environments(world) == []
    assert list((world.home / "cache" / "environments").iterdir()) == []


@pytest.mark.usefixtures("links")
def test_runs_go_on_while_environments_are_removed(world: World) -> None:
    project(world, one="leaf\n")
    over = threading.Event()
    failed: list[Result] = []

    def prune() -> None:
        while not over.is_set():
            done = world.wf("env", "prune", "--all")
            if done.code:
                failed.append(done)

    thread = threading.Thread(target=prune)
    thread.start()
    try:
        for _ in range(6):
            done = world.wf("run", "one")
            assert (done.code, done.out) == (0, "1.0\n"), done.err
    finally:
        over.set()
        thread.join()
    assert failed == []


# --- many, and killed ----------------------------------------------------------------------------


def test_twenty_first_runs_at_once_build_once(world: World, links: Path) -> None:
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    project(world, one="leaf\nheld\n")
    runs = [world.start("run", "one") for _ in range(20)]
    until(began.exists, "the middle of the installation")
    said = [b""] * len(runs)

    def listen(number: int) -> None:
        said[number] = runs[number].communicate(timeout=300)[1]

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(len(runs))]
    for thread in threads:
        thread.start()
    gate.touch()
    for thread in threads:
        thread.join()
    assert [run.returncode for run in runs] == [0] * 20
    assert len(began.read_text().splitlines()) == 1
    told = [re.findall(r"packages · (.*?)(?: \(|\n)", text.decode())[0] for text in said]
    assert told.count("built") == 1
    assert set(told) <= {"built", "built by another run", "cached"}
    assert len(environments(world)) == 1


def test_nobody_comes_between_when_who_builds_is_killed(world: World, links: Path) -> None:
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    project(world, one="leaf\nheld\n")
    building = world.start("run", "one")
    until(began.exists, "the middle of the installation")
    waiting = world.start("run", "one")
    until(lambda: len(world.runs()) == 2, "another run")
    listed = world.wf("env", "list", "--json").json()["environments"]
    assert (listed[0]["ready"], listed[0]["in_use"]) == (False, True)
    hear(waiting, b"is building it")
    # whoever built it is gone, but uv is still at work: nobody comes between
    building.kill()
    building.wait()
    pruned = world.wf("env", "prune", "--all", "--json").json()
    assert pruned["removed"] == []
    gate.touch()
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert world.wf("run", "one").out == "1.0\n"


def test_uv_killed_in_the_middle_leaves_nothing(world: World, links: Path) -> None:
    gate, began = links / "gate", links / "began"
    packages.slow_source(links, "held", gate, began)
    project(world, one="leaf\nheld\n")
    running = world.start("run", "one")
    until(lambda: began.exists() and began.read_text().strip(), "the middle of the installation")
    os.kill(_uv_above(int(began.read_text())), signal.SIGKILL)
    _, err = running.communicate(timeout=60)
    gate.touch()
    assert running.returncode == 78, err
    assert b"error: uv was killed (SIGKILL) before the environment was ready" in err
    assert b"hint: most likely the machine ran out of memory" in err
    assert environments(world) == []
    assert world.wf("run", "one").out == "1.0\n"


def _uv_above(pid: int) -> int:
    """The uv that started a build backend."""
    while Path(f"/proc/{pid}/comm").read_text().strip() != "uv":
        stat = Path(f"/proc/{pid}/stat").read_text()
        pid = int(stat.rpartition(")")[2].split()[1])
        assert pid > 1
    return pid


# --- the disk ------------------------------------------------------------------------------------


def mounted(world: World, script: str) -> Result:
    """A shell script in a mount namespace of its own, where ``$WF`` is the command."""
    require("unshare", program("unshare"))
    probe = subprocess.run(
        ["unshare", "-m", "mount", "-t", "tmpfs", "tmpfs", "/mnt"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    require("a mount of one's own", probe.stderr or None)
    done = subprocess.run(
        ["unshare", "-m", "sh", "-ec", script],
        cwd=world.project,
        env={**world.variables, "WF": shlex.join(world.argv())},
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Result(done.returncode, done.stdout.decode(), done.stderr.decode())


@pytest.mark.parametrize(
    "small", ["size=4k", "size=200k", "size=64m,nr_inodes=15", "size=64m,nr_inodes=45"]
)
def test_a_full_disk_is_said_and_nothing_of_it_is_trusted(
    world: World, links: Path, small: str
) -> None:
    packages.wheel(links, "large", padding=400_000)
    project(world, one="leaf\nlarge\n")
    cache = Path(world.variables["WF_CACHE"])
    cache.mkdir(parents=True)
    done = mounted(
        world,
        f"mount -t tmpfs -o {small} tmpfs {cache}\n"
        "$WF run one || echo code=$?\n"
        f"ls {cache}/environments | grep -v lock || true\n"
        "$WF env list --json\n"
        f"mount -o remount,size=64m,nr_inodes=10000 {cache}\n"
        "$WF run one\n",
    )
    assert done.out.startswith("code=78\n"), done.err
    assert done.out.endswith("1.0\n"), done.err
    assert '"environments": []' in done.out
    assert f"error: no space left on {cache} for the environment" in done.err
    assert "hint: make room (`wf env prune`" in done.err
    assert world.wf("ps", "-a", "--json").json()[1]["reason"] == "environment"


@pytest.mark.usefixtures("links")
def test_where_uv_keeps_its_downloads_may_be_full_as_well(world: World, tmp_path: Path) -> None:
    project(world, one="leaf\n")
    full = tmp_path / "uv"
    full.mkdir()
    done = mounted(
        world,
        f"mount -t tmpfs -o size=64m,nr_inodes=4 tmpfs {full}\n$WF run one || echo code=$?\n",
    )
    assert done.out == "code=78\n", done.err
    assert f"no space left on {full}" in done.err
    assert environments(world) == []


@pytest.mark.usefixtures("links")
def test_a_cache_that_cannot_be_written_is_said_and_serves_what_it_has(world: World) -> None:
    project(world, one="leaf\n", other="twig\nleaf\n")
    assert world.wf("run", "one").code == 0
    cache = world.variables["WF_CACHE"]
    done = mounted(
        world,
        f"mount --bind {cache} {cache}\nmount -o remount,ro,bind {cache}\n"
        "$WF run one\n$WF run other || echo code=$?\n$WF env list --json > /dev/null\n"
        "$WF env prune --all || echo code=$?\n",
    )
    assert done.out == "1.0\ncode=78\ncode=78\n", done.err
    assert "Read-only file system" in done.err
    assert "hint: set WF_CACHE to a folder that can be" in done.err
    assert world.wf("run", "other").out == "1.0\n"
