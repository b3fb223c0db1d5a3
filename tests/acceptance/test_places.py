"""Where a project can lie: read-only, behind odd names, behind a link, in somebody else's name."""

from __future__ import annotations

import os
import shlex
import subprocess
from typing import TYPE_CHECKING

import pytest

from tests.conftest import World, program, require

if TYPE_CHECKING:
    from pathlib import Path

TRAIN = """\
workflows:
  - name: train
    provider: python
    script: train.py
    artifacts: [model]
"""


def project(world: World) -> World:
    world.workflows(TRAIN)
    world.write("train.py", "open('model/x', 'w').write('y')\nprint('trained')\n")
    return world


def test_a_project_outside_git(world: World) -> None:
    done = project(world).wf("run", "train")
    assert (done.code, done.out) == (0, "trained\n")
    assert "not a git repository" in world.wf("show", "last").out


@pytest.mark.parametrize("git", [False, True], ids=["plain", "git"])
def test_a_read_only_project(world: World, *, git: bool) -> None:
    project(world)
    if git:
        require("git", program("git"))
        world.git()
    done = _read_only(world, "run", "train")
    assert (done.returncode, done.stdout) == (0, b"trained\n"), done.stderr
    record = world.record()
    assert record["status"] == "succeeded"
    assert record["artifacts"][0]["files"] == 1
    assert (record["source"]["commit"] is not None) is git


def _read_only(world: World, *words: str) -> subprocess.CompletedProcess[bytes]:
    """Run wf where the project cannot be written to, not even by root."""
    command = shlex.join(world.argv(*words))
    folder = shlex.quote(str(world.project))
    if os.geteuid() == 0:
        require("unshare", program("unshare"))
        mount = f"mount --bind {folder} {folder} && mount -o remount,ro,bind {folder}"
        probe = subprocess.run(
            ["unshare", "-m", "sh", "-c", mount], capture_output=True, text=True, check=False
        )
        require("a read-only mount", probe.stderr or None)
        # the folder must be entered anew to be seen through the mount
        script = f"{mount} && cd {folder} && ! touch x 2>/dev/null && exec {command}"
        argv = ["unshare", "-m", "sh", "-c", script]
    else:
        for path in (world.project, *world.project.rglob("*")):
            path.chmod(path.stat().st_mode & ~0o222)
        argv = ["sh", "-c", f"cd {folder} && ! touch x 2>/dev/null && exec {command}"]
    return subprocess.run(argv, env=world.variables, capture_output=True, timeout=120, check=False)


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "gr\N{LATIN SMALL LETTER U WITH DIAERESIS}n \N{SNOWMAN}",
        "it's $HOME",
        'a"b;c',
        "%s [red]",
    ],
)
def test_folders_with_odd_names(tmp_path: Path, name: str) -> None:
    from tests.conftest import make_world

    folder = tmp_path / name
    folder.mkdir()
    world = project(make_world(folder))  # with a cache of its own below that name
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "trained\n"), done.err
    assert world.wf("artifacts", "tree", "last").code == 0
    assert str(world.folder(world.runs()[0])) in world.wf("show", "last").out


def test_a_script_and_requirements_with_odd_names(world: World) -> None:
    from tests.fakes import packages

    links = world.home / "links"
    packages.wheel(links, "leaf")
    name = "a folder/tr\N{LATIN SMALL LETTER A WITH DIAERESIS}in it.py"
    world.workflows(
        "workflows:\n"
        "  - name: train\n"
        "    provider: python\n"
        f"    script: {name}\n"
        "    requirements: a folder/my requirements.txt\n"
    )
    world.write(name, "import leaf\nprint(leaf.__version__)\n")
    world.write("a folder/my requirements.txt", "leaf\n")
    world.variables.update(packages.index(links))
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err


def test_a_project_seen_through_a_link(world: World, tmp_path: Path) -> None:
    project(world)
    link = tmp_path / "link"
    link.symlink_to(world.project)
    world.project = link
    assert world.wf("run", "train").code == 0


def test_state_and_cache_follow_the_standard(world: World) -> None:
    """XDG Base Directory: without wf's own variables."""
    project(world)
    for name in ("WF_HOME", "WF_CACHE"):
        del world.variables[name]
    assert world.wf("run", "train").code == 0
    assert (world.home / ".local" / "share" / "wf" / "runs").is_dir()
    assert (world.home / ".cache" / "wf" / "environments").is_dir()
    data, cache = world.home / "data", world.home / "caches"
    assert world.wf("run", "train", XDG_DATA_HOME=str(data), XDG_CACHE_HOME=str(cache)).code == 0
    assert (data / "wf" / "runs").is_dir()
    assert (cache / "wf" / "environments").is_dir()
    # relative paths are to be ignored, as the standard says
    assert world.wf("run", "train", XDG_DATA_HOME="data", XDG_CACHE_HOME="caches").code == 0
    assert not (world.project / "data").exists()


def test_nothing_is_written_into_the_project_or_the_home(world: World) -> None:
    project(world)
    world.variables["WF_CACHE"] = str(world.home / "cache")
    before = sorted(path.name for path in world.project.rglob("*"))
    world.wf("run", "train")
    for words in (("ps",), ("show", "last"), ("ls",), ("plan", "train"), ("validate",)):
        assert world.wf(*words).code == 0
    assert sorted(path.name for path in world.project.rglob("*")) == before
    assert sorted(path.name for path in world.home.iterdir()) == ["cache", "state"]


def test_another_users_project(world: World) -> None:
    """git refuses to look into it, and it is then a plain folder."""
    if os.geteuid() != 0:
        require("root", "only root can give a folder away")
    require("git", program("git"))
    project(world).git()
    for path in (world.project, *world.project.rglob("*")):
        os.chown(path, 12345, 12345, follow_symlinks=False)
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "trained\n")
