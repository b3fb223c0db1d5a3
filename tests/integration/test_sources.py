"""Where packages come from: files of the project, a script's own words, the project's."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.fakes import packages

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

BARE = """\
workflows:
  - name: train
    provider: python
    script: train.py
"""
WORKFLOW = BARE + "    requirements: requirements.txt\n"
PROJECT = '[project]\nname = "mine"\nversion = "1.0"\ndependencies = ["branch"]\n'


@pytest.fixture
def links(world: World, tmp_path: Path) -> Path:
    """A folder of packages, the only place that is installed from."""
    folder = tmp_path / "links"
    packages.wheel(folder, "leaf")
    packages.wheel(folder, "leaf", "2.0")
    packages.wheel(folder, "branch", requires=("leaf>=1",))
    packages.wheel(folder, "twig", "1.0")
    packages.wheel(folder, "twig", "2.0rc1")
    world.variables.update(packages.index(folder))
    world.workflows(BARE)
    return folder


def installed(world: World) -> list[str]:
    """What stands on the record of the last run."""
    found: list[str] = world.record()["environment"]["lock"]
    return found


@pytest.mark.parametrize("ignored", [False, True])
def test_a_folder_of_packages_in_the_project(world: World, *, ignored: bool) -> None:
    packages.wheel(world.project / "wheels", "own")
    world.variables.update({"UV_OFFLINE": "1", "UV_NO_CACHE": "1"})
    world.workflows(WORKFLOW)
    world.write("requirements.txt", "--no-index\n--find-links wheels\nown\n")
    world.write("train.py", "import own\nprint(own.__version__)\n")
    if ignored:
        world.write(".gitignore", "wheels/\n")
        world.git()
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert "· cached" in world.wf("run", "train").err
    packages.wheel(world.project / "wheels", "own", "2.0")
    assert world.wf("run", "train").out == "2.0\n"


@pytest.mark.usefixtures("links")
def test_a_file_of_powershell_with_options_of_pip(world: World) -> None:
    world.workflows(WORKFLOW)
    text = "--pre --prefer-binary\ntwig\n${NAMED}==${VERSION}\n"
    (world.project / "requirements.txt").write_bytes(b"\xff\xfe" + text.encode("utf-16-le"))
    world.write("train.py", "")
    done = world.wf("run", "train", NAMED="leaf", VERSION="1.0")
    assert done.code == 0, done.err
    assert installed(world) == ["leaf==1.0", "twig==2.0rc1"]
    assert "`--prefer-binary` has no effect" in done.err
    assert world.wf("run", "train", NAMED="leaf", VERSION="2.0").code == 0
    assert installed(world) == ["leaf==2.0", "twig==2.0rc1"]
    unset = world.wf("run", "train", NAMED="leaf")
    assert unset.code == 78
    assert "the variable VERSION, which requirements.txt:3 asks for, is not set" in unset.err


@pytest.mark.usefixtures("links")
def test_a_script_that_says_what_it_needs(world: World) -> None:
    world.write(
        "train.py",
        '# /// script\n# dependencies = ["leaf<2", "twig"]\n# ///\n'
        "import leaf, twig\nprint(leaf.__version__)\n",
    )
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert installed(world) == ["leaf==1.0", "twig==1.0"]


@pytest.mark.usefixtures("links")
def test_what_a_script_needs_and_cannot_be_had_names_its_line(world: World) -> None:
    world.write(
        "train.py",
        "#!/usr/bin/env python\n# /// script\n# dependencies = [\n#   'leaf',\n"
        "#   'no-such-package',\n# ]\n# ///\n",
    )
    done = world.wf("run", "train")
    assert done.code == 78
    assert "`no-such-package` (train.py:5)" in done.err


@pytest.mark.usefixtures("links")
def test_a_project_that_says_what_it_needs(world: World) -> None:
    world.write("pyproject.toml", PROJECT)
    world.write("train.py", "import branch, leaf\n")
    assert world.wf("run", "train").code == 0
    assert installed(world) == ["branch==1.0", "leaf==2.0"]


@pytest.mark.usefixtures("links")
def test_a_project_that_can_be_built_is_there_too(world: World) -> None:
    packages.project(world.project, "mine", described=PROJECT)
    world.write("src/train.py", "import mine, branch\n")
    world.workflows(BARE.replace("train.py", "src/train.py"))
    done = world.wf("run", "train")
    assert done.code == 0, done.err
    assert installed(world) == ["branch==1.0", "leaf==2.0", "mine @ file:."]


@pytest.mark.usefixtures("links")
def test_settings_of_tools_are_no_project(world: World) -> None:
    world.write("pyproject.toml", "[tool.ruff]\nline-length = 100\n")
    world.write("train.py", "")
    assert world.wf("run", "train").code == 0
    assert installed(world) == []


def test_a_lock_of_uvs_decides_the_versions(world: World, links: Path) -> None:
    packages.project(world.project, "mine", described=PROJECT)
    held = links.parent / "held"
    for name in ("branch", "leaf"):
        (held).mkdir(exist_ok=True)
        wheel = next(links.glob(f"{name}-1.0-*"))
        (held / wheel.name).write_bytes(wheel.read_bytes())
    done = subprocess.run(
        [sys.executable, "-m", "uv", "lock", "--offline", "--no-index", "--find-links", held],
        cwd=world.project,
        env=world.variables,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    world.write("train.py", "import mine, leaf\nprint(leaf.__version__)\n")
    ran = world.wf("run", "train")
    assert (ran.code, ran.out) == (0, "1.0\n"), ran.err
    assert installed(world) == ["branch==1.0", "leaf==1.0", "mine @ file:."]
