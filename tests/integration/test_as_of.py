"""Packages of a day, and the Python of then: from an index on loopback, and from the real one."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import REQUIRED, program, require
from tests.fakes import packages
from tests.fakes.package_index import PackageIndex
from tests.integration.test_history import commit, git

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

OWN = f"{sys.version_info.major}.{sys.version_info.minor}"
WORKFLOW = """\
workflows:
  - name: train
    provider: python
    script: train.py
    requirements: requirements.txt
    python: "{python}"
"""
VERSIONS = """\
import json
import sys
from importlib.metadata import version
import pytorch_lightning, torchvision
pytorch_lightning.Trainer(gpus=0, max_epochs=1)
names = ("torch", "torchvision", "pytorch-lightning", "setuptools", "protobuf")
print(json.dumps({name: version(name) for name in names}))
"""


@pytest.fixture
def index(world: World, tmp_path: Path) -> Iterator[PackageIndex]:
    """A project that needs `leaf`, of which there is a version of May and one of June."""
    world.workflows(WORKFLOW.format(python=OWN))
    world.write("train.py", "import leaf\nprint(leaf.__version__)\n")
    world.write("requirements.txt", "leaf\n")
    files = tmp_path / "files"
    packages.wheel(files, "leaf", "1.0")
    packages.wheel(files, "leaf", "2.0")
    packages.wheel(files, "bare", "1.0")
    dates = {
        "leaf-1.0-py3-none-any.whl": "2022-05-20T12:00:00Z",
        "leaf-2.0-py3-none-any.whl": "2022-06-20T12:00:00Z",
    }
    with PackageIndex(files, dates=dates) as made:
        for name in [name for name in world.variables if name.startswith(("UV_", "PIP_"))]:
            del world.variables[name]
        world.variables |= {
            "UV_DEFAULT_INDEX": made.url,
            "UV_NO_CACHE": "1",
            "PIP_CONFIG_FILE": "/dev/null",
        }
        yield made


@pytest.mark.usefixtures("index")
def test_a_day_on_the_command_line(world: World) -> None:
    done = world.wf("run", "train", "--as-of", "2022-05-20")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert "as of 2022-05-20" in done.err
    environment = world.record()["environment"]
    assert (environment["as_of"], environment["python_reason"]) == ("2022-05-20", None)
    assert environment["lock"] == ["leaf==1.0"]
    assert "as of 2022-05-20" in world.wf("show", "last").out
    assert world.wf("run", "train").out == "2.0\n"
    assert world.record()["environment"]["as_of"] is None


@pytest.mark.usefixtures("index")
def test_a_day_in_the_file(world: World) -> None:
    world.workflows(WORKFLOW.format(python=OWN) + "    as-of: 2022-05-20\n")
    assert world.wf("run", "train").out == "1.0\n"
    assert world.wf("run", "train", "--as-of", "2022-07-01").out == "2.0\n"
    assert world.wf("run", "train", "--as-of", "none").out == "2.0\n"
    assert world.wf("run", "train").out == "1.0\n"


@pytest.mark.usefixtures("index")
def test_the_day_of_a_commit(world: World) -> None:
    require("git", program("git"))
    git(world, "init", "-q")
    commit(world, "2022-05-20T20:00:00Z")
    world.write("train.py", "import leaf\nprint('of', leaf.__version__)\n")
    commit(world, "2022-07-01T12:00:00Z")
    done = world.wf("run", "train", "--as-of", "commit")
    assert (done.code, done.out) == (0, "of 1.0\n"), done.err
    environment = world.record()["environment"]
    assert environment["as_of"] == "2022-05-20"
    assert environment["as_of_reason"] == "the last commit of requirements.txt"
    world.write("requirements.txt", "leaf<3\n")
    done = world.wf("run", "train", "--as-of", "commit")
    assert done.code == 64
    assert "has changed since its last commit" in done.err
    assert "2022-05-20" in done.err


@pytest.mark.usefixtures("index")
def test_a_commit_that_is_missing_has_its_place_in_the_file(world: World) -> None:
    world.workflows(WORKFLOW.format(python=OWN) + "    as-of: commit\n")
    for verb in ("validate", "plan", "run"):
        done = world.wf(verb, *([] if verb == "validate" else ["train"]))
        assert done.code == 65
        assert "workflows.yaml:7:12: error: this is no git repository" in done.err


@pytest.mark.usefixtures("index")
def test_a_day_to_come_has_its_place_in_the_file(world: World) -> None:
    world.workflows(WORKFLOW.format(python=OWN) + "    as-of: 2999-01-01\n")
    done = world.wf("validate")
    assert done.code == 65
    assert "workflows.yaml:7:12: error: 2999-01-01 is still to come" in done.err


@pytest.mark.usefixtures("index")
def test_a_package_without_an_upload_time_cannot_be_taken(world: World) -> None:
    world.write("requirements.txt", "bare\n")
    done = world.wf("run", "train", "--as-of", "2022-05-20")
    assert done.code == 78
    assert "does not say when `bare` (requirements.txt:1) was uploaded" in done.err


@pytest.mark.usefixtures("index")
def test_files_without_dates_are_left_out_and_that_is_said(world: World, tmp_path: Path) -> None:
    links = tmp_path / "links"
    packages.wheel(links, "leaf", "3.0")
    world.variables["UV_FIND_LINKS"] = str(links)
    assert world.wf("run", "train").out == "3.0\n"
    done = world.wf("run", "train", "--as-of", "2022-05-20")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    assert "they have no dates" in done.err


@pytest.mark.usefixtures("index")
def test_the_day_holds_for_pip_in_the_commands(world: World, tmp_path: Path) -> None:
    links = tmp_path / "links"
    packages.wheel(links, "leaf", "3.0")
    world.variables["UV_FIND_LINKS"] = str(links)
    workflow = f"""\
workflows:
  - name: shell
    provider: bash
    python: "{OWN}"
    as-of: DAY
    commands:
      - pip install -q leaf
      - python -c "import leaf; print(leaf.__version__)"
"""
    for day, version in (("2022-05-20", "1.0"), ("2022-06-20", "2.0"), ("2022-05-20", "1.0")):
        world.workflows(workflow.replace("DAY", day))
        done = world.wf("run", "shell")
        assert (done.code, done.out) == (0, f"{version}\n"), done.err


@pytest.mark.usefixtures("index")
def test_the_python_of_then_is_found_or_the_nearest_is_told(world: World) -> None:
    world.workflows(packages.WORKFLOW + "    as-of: 2022-05-20\n")
    planned = world.wf("plan", "train", "--json").json()["jobs"][-1]["environment"]
    assert "3.10 was dstack's default on 2022-05-20" in planned["python_reason"]
    done = world.wf("run", "train")
    assert (done.code, done.out) == (0, "1.0\n"), done.err
    environment = world.record()["environment"]
    assert environment["python"].startswith(f"{planned['python']}.")
    assert environment["python_reason"] == planned["python_reason"]
    assert planned["python_reason"] in world.wf("show", "last").out


def test_a_shim_that_fails_is_not_asked(world: World, tmp_path: Path) -> None:
    """It would end uv's search, though the version is there."""
    shims, versions = tmp_path / "pyenv" / "shims", tmp_path / "pyenv" / "versions"
    shims.mkdir(parents=True)
    for minor in range(6, 16):
        shim = shims / f"python3.{minor}"
        shim.write_text(f"#!/bin/sh\ntouch {tmp_path}/asked\nexit 127\n")
        shim.chmod(0o755)
    version = ".".join(map(str, sys.version_info[:3]))
    (versions / version / "bin").mkdir(parents=True)
    for name in ("python3", f"python{OWN}"):
        (versions / version / "bin" / name).symlink_to(sys._base_executable)  # type: ignore[attr-defined]
    world.workflows(packages.WORKFLOW.replace("    requirements: requirements.txt\n", ""))
    world.write("train.py", "import sys\nprint(sys.version_info[:2])\n")
    done = world.wf(
        "plan", "train", "--as-of", "2022-05-20", "--json",
        PYENV_ROOT=str(tmp_path / "pyenv"), PATH=f"{shims}:{world.variables['PATH']}",
    )  # fmt: skip
    assert done.code == 0, done.err
    assert not (tmp_path / "asked").exists()


@pytest.mark.usefixtures("index")
def test_a_version_that_is_missing_says_which_there_are(world: World) -> None:
    done = world.wf("run", "train", "--python", "3.99", UV_PYTHON_DOWNLOADS="never")
    assert done.code == 69
    assert "there is no Python 3.99 on this machine" in done.err
    assert ".".join(map(str, sys.version_info[:3])) in done.err
    assert "hint: install it (uv python install 3.99)" in done.err
    assert "--python 3." in done.err


@pytest.mark.training
def test_a_project_of_2022_runs_again(world: World) -> None:
    """As its authors wrote it: no versions but one, and an argument that Lightning has removed."""
    if "past" not in REQUIRED:
        pytest.skip("past: downloads torch 1.11, 0.8 GB; ask for it with WF_REQUIRE=past")
    world.workflows(packages.WORKFLOW)
    world.write("requirements.txt", "torch\ntorchvision\npytorch-lightning==1.6.2\n")
    world.write("train.py", VERSIONS)
    done = world.wf("run", "train", "--as-of", "2022-05-20", "--python", "3.10", timeout=1800)
    assert done.code == 0, done.err
    found = json.loads(done.out.splitlines()[-1])
    assert found == {
        "torch": "1.11.0",
        "torchvision": "0.12.0",
        "pytorch-lightning": "1.6.2",
        "setuptools": "62.3.2",
        "protobuf": "3.20.1",
    }
