"""What is seen of the real uv while it installs from an index, and what stays in its log."""

from __future__ import annotations

import os
import subprocess
import threading
import zipfile
from typing import TYPE_CHECKING

import pytest

from runner.paths import RunPaths
from runner.process import tree
from runner.records import supervision
from tests.conftest import program, require, until
from tests.fakes import packages
from tests.fakes.package_index import PackageIndex
from tests.integration.screen import Screen

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

SECRET = "s3cr3t-w0rd"


@pytest.fixture
def gate() -> threading.Event:
    """Holds up the second half of every download."""
    return threading.Event()


@pytest.fixture
def index(world: World, tmp_path: Path, gate: threading.Event) -> Iterator[PackageIndex]:
    """The only place that is installed from, with a password, and a package of 4 MB."""
    folder = tmp_path / "index"
    large = packages.wheel(folder, "large", requires=("small",))
    with zipfile.ZipFile(large, "a") as archive:
        archive.writestr("large_data.bin", os.urandom(4_000_000))
    packages.wheel(folder, "small")
    for name in [name for name in world.variables if name.startswith(("PIP_", "UV_"))]:
        del world.variables[name]
    world.workflows(packages.WORKFLOW)
    world.write("train.py", "import large\nprint('trained')\n")
    world.write("requirements.txt", "large\n")
    with PackageIndex(folder, gate=gate) as made:
        world.variables["PIP_CONFIG_FILE"] = "/dev/null"
        world.variables["PIP_INDEX_URL"] = made.url_for("user", SECRET)
        world.variables["UV_CACHE_DIR"] = str(tmp_path / "uv")
        yield made
        gate.set()


@pytest.mark.usefixtures("index")
def test_a_download_is_shown_with_its_bytes_on_a_terminal(
    world: World, gate: threading.Event
) -> None:
    with Screen(world, "run", "train") as screen:
        screen.wait_for(b" of 4 MB")
        gate.set()
        screen.wait_for(b"trained")
        assert screen.end() == 0
        assert SECRET.encode() not in screen.shown


def test_a_run_is_stopped_while_its_packages_are_installed(
    world: World, gate: threading.Event, index: PackageIndex
) -> None:
    """The download hangs: what installs is ended, not waited for, and leaves nothing half made."""
    run = world.start("run", "train")
    until(lambda: world.runs() and "Downloading large" in log(world), "the download")
    installers = tree.below(supervisor(world))
    stopped = world.wf("stop", "last")
    assert stopped.code == 0
    assert "cancelled · stopped by the user" in stopped.err
    _, said = run.communicate(timeout=60)
    assert run.returncode == 143, said
    record = world.record()
    assert (record["status"], record["reason"]) == ("cancelled", "stopped")
    assert record["exit_code"] is None
    assert not gate.is_set()
    assert installers
    assert not any(tree.alive(pid) for pid in installers)
    gate.set()
    assert world.wf("run", "train").out == "trained\n"
    assert index.asked


def supervisor(world: World) -> int:
    (name,) = world.runs()
    pid = supervision.supervisor(RunPaths(world.folder(name)))
    assert pid is not None
    return pid


@pytest.mark.usefixtures("index")
def test_without_a_terminal_nothing_moves(world: World, gate: threading.Event) -> None:
    gate.set()
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "trained\n"), done.err
    assert "MB" not in done.err
    assert "\x1b" not in done.err


@pytest.mark.parametrize("terminal", [True, False], ids=["terminal", "pipe"])
@pytest.mark.usefixtures("index")
def test_the_log_is_plain_text_with_every_line_once(
    world: World, gate: threading.Event, *, terminal: bool
) -> None:
    with Screen(world, "run", "train", TERM="xterm" if terminal else "dumb") as screen:
        # in the log as soon as it is known, for whoever looks at an installation that hangs
        until(lambda: "Downloading large (4 MB)\n" in log(world), "the download in the log")
        gate.set()
        assert screen.end() == 0
    lines = log(world).splitlines()
    assert len(set(lines)) == len(lines)
    assert [line.split(" in ")[0] for line in lines if line.startswith(("Res", "Pre", "Ins"))] == [
        "Resolved 2 packages", "Prepared 2 packages", "Installed 2 packages",
    ]  # fmt: skip
    assert lines[-2:] == [" + large==1.0", " + small==1.0"]
    assert not any("\x1b" in line or "\r" in line or "----" in line for line in lines)
    assert SECRET not in log(world)


def test_where_no_terminal_is_to_be_had_the_log_is_the_same(
    world: World, gate: threading.Event, index: PackageIndex
) -> None:
    gate.set()
    hidden = 'mount --bind /dev/null /dev/ptmx && exec "$@"'
    done = inside(world, "--mount", "sh", "-c", hidden, "sh")
    assert done.returncode == 0, done.stderr
    assert "/simple/large/" in index.asked
    lines = [line.strip() for line in log(world).splitlines()]
    assert "Downloading large (3.8MiB)" in lines  # uv's own words
    assert lines[-2:] == ["+ large==1.0", "+ small==1.0"]


@pytest.mark.usefixtures("index")
def test_a_ready_environment_needs_no_network(world: World, gate: threading.Event) -> None:
    gate.set()
    cold = inside(world, "--net")
    assert cold.returncode == 78
    assert b"cannot be fetched" in cold.stderr
    assert SECRET.encode() not in cold.stderr
    assert world.wf("run", "train").code == 0
    warm = inside(world, "--net")
    assert (warm.returncode, warm.stdout) == (0, b"trained\n")


def inside(world: World, *words: str) -> subprocess.CompletedProcess[bytes]:
    """``wf run train`` with a network, or with files, of its own."""
    if os.geteuid() != 0:
        require("root", "only root has a network of its own")
    require("unshare", program("unshare"))
    return subprocess.run(
        ["unshare", *words, *world.argv("run", "train")],
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=120,
    )


def log(world: World) -> str:
    """What the installer has said so far."""
    paths = [world.folder(run) / "environment.log" for run in world.runs()]
    return "".join(path.read_text(encoding="utf-8") for path in paths if path.exists())
