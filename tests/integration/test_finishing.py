"""Environments are finished in the background, by processes that nobody has to think of."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from runner.cached import EnvironmentPaths
from runner.environments.finishing.bytecode import compile_all
from runner.environments.finishing.mark import is_being_finished
from runner.environments.interface import Compiled
from tests.conftest import FINISHING_SECONDS, finishers, require, until
from tests.fakes import packages

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

# where the bytecode lies that a module was loaded from, if it was there before
SCRIPT = "import big, os\nprint(os.path.exists(big.__cached__))\n"
NO_BYTECODE = {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPYCACHEPREFIX": "/nonexistent"}
MANY = 400


@pytest.fixture
def links(world: World, tmp_path: Path) -> Path:
    """A package with files of all sorts, the only one there is."""
    folder = tmp_path / "links"
    more = {
        "big/__init__.py": "from big import first\n",
        "big/first.py": "VALUE = 1\n",
        "big/python2.py": "print 'hello'\n",
        "big/nothing.py": "",
        "big/tests/test_big.py": "import big\n",
        "big/nul.py": "a = '\0'\n",
    }
    packages.wheel(folder, "held", more=more)
    world.variables.update(packages.index(folder))
    world.workflows(packages.WORKFLOW)
    world.write("requirements.txt", "held\n")
    world.write("train.py", SCRIPT)
    return folder


@pytest.fixture
def many(links: Path) -> None:
    """The same with so many files that finishing takes a while."""
    shutil.rmtree(links)
    packages.slow_to_compile(links, "held", MANY)


def environment(world: World) -> EnvironmentPaths:
    """The only one in the cache."""
    (ready,) = (world.home / "cache" / "environments").glob("*/ready.json")
    return EnvironmentPaths(ready.parent)


def finished(world: World) -> Any:
    """Wait until it is finished; what was done."""
    paths = environment(world)
    until(paths.finished.exists, "a finished environment", FINISHING_SECONDS)
    return json.loads(paths.finished.read_bytes())


def compiled(paths: EnvironmentPaths) -> list[Path]:
    return sorted(paths.venv.glob("lib/*/site-packages/big/**/*.pyc"))


@pytest.mark.usefixtures("links")
def test_the_second_run_finds_bytecode_whatever_the_caller_has_set(world: World) -> None:
    world.variables.update(NO_BYTECODE)
    first = world.wf("run", "train")
    assert first.code == 0, first.err
    said = finished(world)
    paths = environment(world)
    names = [path.name.partition(".")[0] for path in compiled(paths)]
    assert sorted(names) == ["__init__", "first", "nothing", "test_big"]
    assert said["skipped"] == 2
    assert said["no_lock"] is None
    assert paths.pylock.exists()
    assert not paths.finishing_log.exists()
    second = world.wf("run", "train")
    assert (second.code, second.out) == (0, "True\n")
    assert "built anew" not in second.err


@pytest.mark.usefixtures("links")
def test_bytecode_goes_by_the_time_of_its_source_whatever_the_caller_has_set(world: World) -> None:
    world.wf("run", "train", SOURCE_DATE_EPOCH="0")
    finished(world)
    headers = [path.read_bytes()[:16] for path in compiled(environment(world))]
    # PEP 552: no flags, then time and size
    assert {header[4:8] for header in headers} == {bytes(4)}
    assert all(any(header[8:12]) for header in headers)


@pytest.mark.usefixtures("many")
def test_a_pipeline_does_not_wait_for_it(world: World) -> None:
    """Nobody reads from whom a finisher could write to, and no descriptor of ours is its."""
    reading, writing = os.pipe()
    held = os.open(world.home / "held", os.O_RDWR | os.O_CREAT)
    done = subprocess.Popen(
        world.argv("run", "train"),
        cwd=world.project,
        env=world.variables,
        stdin=subprocess.DEVNULL,
        stdout=writing,
        stderr=writing,
        pass_fds=(held,),
    )
    world.started.append(done)
    os.close(writing)
    os.close(held)
    heard = b""
    while chunk := os.read(reading, 1 << 16):  # until the last who could write has gone
        heard += chunk
    os.close(reading)
    assert done.wait(60) == 0, heard
    paths = environment(world)
    assert not paths.finished.exists()
    for pid in finishers(world.home):
        assert _open_files(pid).isdisjoint({str(world.home / "held"), str(world.home / "state")})
        assert os.getsid(pid) not in {os.getsid(0), done.pid}
    finished(world)


def _open_files(pid: int) -> set[str]:
    found = set()
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            found.add(os.readlink(link))
        except OSError:
            continue
    return found


@pytest.mark.usefixtures("many")
def test_one_that_was_killed_is_taken_over_by_the_next_run(world: World) -> None:
    world.wf("run", "train")
    paths = environment(world)
    until(lambda: len(compiled(paths)) > 1, "some bytecode")
    label = int(paths.finishing.read_text())
    os.kill(label, signal.SIGKILL)
    until(lambda: not finishers(world.home), "its end")
    # those that compile for it finish their file first, and hold its lock until then
    until(lambda: not is_being_finished(paths), "the end of its helpers")
    assert not paths.finished.exists()
    before = {path: path.stat().st_ino for path in compiled(paths)}
    assert len(before) < MANY
    second = world.wf("run", "train")
    assert second.code == 0
    assert "built anew" not in second.err
    finished(world)
    assert len([path for path in compiled(paths) if path.suffix == ".pyc"]) == MANY + 1
    # what was there is not made again
    assert {path: path.stat().st_ino for path in before} == before


@pytest.mark.usefixtures("many")
def test_two_at_once_get_in_nobodys_way(world: World) -> None:
    world.wf("run", "train")
    paths = environment(world)
    for pid in finishers(world.home):
        os.kill(pid, signal.SIGKILL)
    until(lambda: not finishers(world.home), "its end")
    until(lambda: not is_being_finished(paths), "the end of its helpers")
    spec = json.dumps({"python": "3", "packages": ["held"]}).encode()
    words = [sys.executable, "-m", "runner.finisher", str(world.home / "cache"), paths.root.name]
    both = [
        subprocess.Popen(
            words,
            stdin=subprocess.PIPE,
            env={**os.environ, **world.variables},
            start_new_session=True,  # a finisher steps back with the whole session that it is in
        )
        for _ in range(2)
    ]
    for process in both:
        process.communicate(spec)
    assert paths.finished.exists()
    assert len(compiled(paths)) == MANY + 1
    assert [process.returncode for process in both] == [0, 0]


@pytest.mark.usefixtures("many")
def test_an_environment_may_be_removed_meanwhile(world: World) -> None:
    world.wf("run", "train")
    paths = environment(world)
    until(lambda: len(compiled(paths)) > 1, "some bytecode")
    shutil.rmtree(paths.root, ignore_errors=True)
    shutil.rmtree(paths.root, ignore_errors=True)
    until(lambda: not finishers(world.home), "its end")
    assert not paths.finished.exists()
    again = world.wf("run", "train")
    assert again.code == 0, again.err
    finished(world)


OLD = sorted(Path.home().glob(".pyenv/versions/*/bin/python3"))


@pytest.mark.parametrize("python", OLD or [None], ids=lambda path: path and path.parts[-3])
def test_every_python_compiles_for_itself(python: Path | None, tmp_path: Path) -> None:
    require("pyenv", "there are no Pythons of pyenv" if python is None else None)
    assert python is not None
    paths = EnvironmentPaths(tmp_path)
    folder = paths.venv / "lib" / "python3" / "site-packages"
    folder.mkdir(parents=True)
    paths.bin.mkdir()
    paths.python.symlink_to(python)
    (folder / "fine.py").write_text("VALUE = 1\n")
    (folder / "broken.py").write_text("def\n")
    assert compile_all(paths, 2, os.environ, ()) == Compiled(2, 1)
    script = f"import sys; sys.path.insert(0, {str(folder)!r}); import fine; print(fine.__cached__)"
    said = subprocess.run([python, "-I", "-v", "-c", script], capture_output=True, check=True)
    assert Path(said.stdout.decode().strip()).exists()
    assert b"code object from" in said.stderr
    assert f"code object from '{folder / 'fine.py'}'".encode() not in said.stderr
