"""Given a script that uses what newer packages removed, wf says so before and after the run."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest

from tests.fakes.packages import index, wheel

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

WORKFLOWS = """\
workflows:
  - name: train
    provider: python
    script: train.py
    requirements: requirements.txt
"""
SCRIPT = "import numpy as np\n\nprint(np.Inf)\n"
# what NumPy 2 itself says
NUMPY = """\
def __getattr__(name):
    raise AttributeError(f"`np.{name}` was removed in the NumPy 2.0 release.")
"""


@pytest.fixture
def packages(tmp_path: Path) -> Path:
    """An index with a package that fails as NumPy 2 does."""
    made = wheel(tmp_path / "index", "numpy", "2.1.0")
    with zipfile.ZipFile(made) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(made, "w") as archive:
        for name, content in {**files, "numpy.py": NUMPY.encode()}.items():
            archive.writestr(name, content)
    return made.parent


def project(world: World, requirements: str = "numpy\n", script: str = SCRIPT) -> None:
    """A project with one script and its requirements."""
    world.workflows(WORKFLOWS)
    world.write("requirements.txt", requirements)
    world.write("train.py", script)


def commit(world: World, day: str) -> None:
    """Commit everything, on a day."""
    world.variables |= {
        "GIT_COMMITTER_DATE": f"{day}T12:00:00Z",
        "GIT_AUTHOR_DATE": f"{day}T12:00Z",
    }
    world.git()


def test_validate_warns_with_line_and_column_and_what_to_write(world: World) -> None:
    project(world)
    said = world.wf("validate")
    assert said.code == 0
    assert said.err == (
        "train.py:3:7: warning: `np.Inf` left numpy in 2.0.0, "
        "and requirements.txt:1 takes the newest\n"
        " 3 │ print(np.Inf)\n"
        "   │       ^^^^^^\n"
        "hint: write numpy.inf, or add `as-of: 2024-06-15` to the workflow "
        "(the day before numpy 2.0.0)\n"
    )


def test_the_day_is_that_of_the_last_commit_to_the_requirements(world: World) -> None:
    project(world)
    commit(world, "2022-05-17")
    world.write("other.py", "")
    subprocess.run(["git", "add", "-A"], cwd=world.project, env=world.variables, check=True)
    later = {**world.variables, "GIT_COMMITTER_DATE": "2024-01-01T12:00:00Z"}
    subprocess.run(["git", "commit", "-qm", "x"], cwd=world.project, env=later, check=True)
    said = world.wf("validate")
    assert "add `as-of: 2022-05-17` to the workflow (the day of the last commit to" in said.err


def test_warnings_for_programs(world: World) -> None:
    project(world)
    document = world.wf("validate", "--json").json()
    (warning,) = document["warnings"]
    assert document["valid"] is True
    assert (warning["code"], warning["file"]) == ("aged", "train.py")
    assert (warning["line"], warning["column"], warning["end_column"]) == (3, 7, 13)


def test_a_module_of_the_project_is_looked_at_once_however_many_workflows_use_it(
    world: World,
) -> None:
    project(world, script="import model\n")
    world.workflows(WORKFLOWS + WORKFLOWS.replace("workflows:\n", "").replace("train\n", "again\n"))
    world.write("model.py", SCRIPT)
    said = world.wf("validate")
    assert said.err.count("warning:") == 1
    assert said.err.startswith("model.py:3:7: warning:")


def test_a_module_of_the_project_may_be_called_like_a_package(world: World) -> None:
    project(world)
    world.write("numpy.py", "Inf = 1\n")
    assert world.wf("validate").err == ""


def test_a_script_that_its_commands_start_is_looked_at(world: World) -> None:
    commands = "    commands:\n      - python -u train.py --fast\n"
    project(world)
    world.workflows(
        WORKFLOWS.replace("provider: python\n    script: train.py\n", "provider: bash\n" + commands)
    )
    assert "train.py:3:7: warning:" in world.wf("validate").err


def test_a_script_of_python_2_is_told(world: World) -> None:
    project(world, "", "print 'hello'\n")
    said = world.wf("validate")
    assert said.code == 0
    assert said.err.startswith("train.py:1:1: warning: Python ")
    assert "hint: it looks like Python 2" in said.err


def test_a_script_that_is_no_text_is_no_fault(world: World) -> None:
    project(world)
    (world.project / "train.py").write_bytes(bytes(range(256)) * 10)
    assert world.wf("validate").code == 0


def test_a_run_that_fails_on_it_names_the_cause_and_what_to_type(
    world: World, packages: Path
) -> None:
    project(world)
    commit(world, "2022-05-17")
    world.variables |= index(packages)
    done = world.wf("run", "train")
    assert done.code == 1
    assert "warning: train.py: newer packages removed what it uses; `wf validate`" in done.err
    assert "the job exited with 1: `numpy.Inf` left numpy in 2.0.0\n" in done.err
    hint = "wf run train --as-of 2022-05-17 (the day of the last commit to requirements.txt)"
    assert f"hint: {hint}\n" in done.err
    record = world.record()
    assert record["message"] == "the job exited with 1: `numpy.Inf` left numpy in 2.0.0"
    assert record["hint"] == hint
    assert hint in world.wf("show", "last").out


def test_runs_of_all_workflows_are_preceded_by_the_same_line(world: World, packages: Path) -> None:
    project(world)
    world.variables |= index(packages)
    done = world.wf("run", "--all")
    assert done.code == 1
    assert done.err.count("warning: train.py: newer packages removed what it uses") == 1


def test_a_run_that_fails_on_something_else_is_given_no_day(world: World) -> None:
    project(world, "", "raise SystemExit('numpy is fine')\n")
    done = world.wf("run", "train")
    assert done.code == 1
    assert "hint:" not in done.err
    assert world.record()["hint"] is None


def test_a_run_that_succeeds_is_given_none_either(world: World) -> None:
    project(world, "", "print(\"No module named 'torch._six'\")\n")
    assert world.wf("run", "train").code == 0
    assert world.record()["hint"] is None


def test_a_build_that_fails_on_it_names_the_cause_and_what_to_type(
    world: World, tmp_path: Path
) -> None:
    folder = tmp_path / "index"
    source = folder / "old-1.0"
    source.mkdir(parents=True)
    (source / "backend.py").write_text("raise SystemExit('error: use_2to3 is invalid.')\n")
    (source / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
        '[project]\nname = "old"\ndynamic = ["version"]\n'
    )
    (source / "PKG-INFO").write_text("Metadata-Version: 2.1\nName: old\nVersion: 1.0\n")
    subprocess.run(["tar", "czf", "old-1.0.tar.gz", "old-1.0"], cwd=folder, check=True)
    project(world, "old\n", "")
    world.variables |= index(folder)
    done = world.wf("run", "train")
    assert done.code == 78
    assert ": setuptools 58.0.0 and newer build nothing that needs 2to3" in done.err
    assert "hint: wf run train --as-of 2021-09-04 (the day before setuptools 58.0.0)" in done.err
    assert world.record()["hint"].startswith("wf run train --as-of 2021-09-04")
