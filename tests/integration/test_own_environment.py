"""Jobs that install packages themselves, with the real uv and pip."""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.conftest import until
from tests.fakes import packages
from tests.fakes.package_index import PackageIndex

if TYPE_CHECKING:
    from tests.conftest import Result, World

pytestmark = pytest.mark.integration


@pytest.fixture
def project(world: World) -> World:
    """An index with two versions of ``own``, and what a shared environment can have."""
    index = world.home / "index"
    packages.pip(index)
    packages.wheel(index, "shared", requires=("low",))
    packages.wheel(index, "low")
    packages.wheel(index, "low", "2.0")
    packages.wheel(index, "own", requires=("low",))
    packages.wheel(index, "own", "2.0", requires=("low>=2",))
    packages.wheel(world.project / "links", "lying")
    world.variables.update(packages.index(index))
    world.write("requirements.txt", "shared\nlow==1.0\n")
    return world


def job(world: World, *commands: str, more: str = "") -> None:
    listed = "".join(f"      - {json.dumps(command)}\n" for command in commands)
    head = "workflows:\n  - name: job\n    provider: bash\n    requirements: requirements.txt\n"
    world.workflows(f"{head}{more}    commands:\n{listed}")


def run(world: World, *commands: str, more: str = "") -> Result:
    job(world, *commands, more=more)
    return world.wf("run", "job")


def where(*modules: str) -> str:
    """A command that says, for each module, its version and where it lies."""
    told = "; ".join(
        f"import {name}; print({name}.__version__, {name}.__file__)" for name in modules
    )
    return f'python -c "{told}"'


def layers(world: World) -> list[dict[str, list[str]]]:
    marks = Path(world.variables["WF_CACHE"], "environments").glob("*-*/ready.json")
    return [json.loads(mark.read_text()) for mark in marks]


def test_what_a_job_installs_lies_on_what_is_shared(project: World) -> None:
    done = run(project, "pip install -q own==1.0", where("own", "low", "shared"))
    assert done.code == 0, done.err + done.out
    own, low, shared = done.out.splitlines()
    assert own.startswith("1.0")
    # what is there already is not installed again
    assert low.rpartition("/")[0] == shared.rpartition("/")[0]
    assert own.rpartition("/")[0].split()[1] != shared.rpartition("/")[0].split()[1]
    # the next run finds the shared environment as it was
    again = run(project, where("own"))
    assert again.code == 1
    assert "No module named 'own'" in again.out


def test_the_second_run_finds_it_installed(project: World) -> None:
    commands = ("pip install own", "python -m pip install lying -q -f links", where("own"))
    first, second = run(project, *commands), run(project, *commands)
    assert (first.code, second.code) == (0, 0), second.out
    assert "from an earlier run of the same command: low==2.0, own==2.0" in second.out
    assert first.out.splitlines()[-1] == second.out.splitlines()[-1]
    assert len(layers(project)) == 1


@pytest.mark.parametrize("command", ["pip3 install own", "pip3.{minor} install own",
                                     "python -m pip install own", "bash install.sh"])  # fmt: skip
def test_every_way_to_call_pip(project: World, command: str) -> None:
    import sys

    project.write("install.sh", "pip install own\n")
    call = command.format(minor=sys.version_info.minor)
    done = run(project, call, "pip install -q own", where("own"))
    assert done.code == 0, done.err + done.out
    assert done.out.splitlines()[-1].startswith("2.0")
    assert layers(project)


def test_a_version_that_conflicts_wins(project: World) -> None:
    done = run(project, "pip install -q 'own>=2'", where("low"), "pip freeze", "pip check")
    assert done.code == 0, done.err + done.out
    low, *frozen = done.out.splitlines()
    assert low.startswith("2.0")
    assert frozen[:3] == ["low==2.0", "own==2.0", "shared==1.0"]
    assert project.record()["environment"]["lock"] == ["low==2.0", "own==2.0", "shared==1.0"]


def test_questions_are_answered_for_all_layers(project: World) -> None:
    done = run(project, "pip install -q own==1.0", "pip list --format=freeze", "pip show own low")
    assert done.code == 0, done.err + done.out
    lines = done.out.splitlines()
    assert {"low==1.0", "own==1.0", "shared==1.0"} <= set(lines)
    assert sorted(line for line in lines if line.startswith("Name: ")) == ["Name: low", "Name: own"]
    places = [line for line in lines if line.startswith("Location: ")]
    assert all("/environments/" in place for place in places)
    assert len(set(places)) == 2


def test_what_is_uninstalled_is_gone_for_this_run_alone(project: World) -> None:
    done = run(project, "pip install -q own==1.0", "pip uninstall -y own shared nothing",
               "pip freeze", "pip install own", where("own"), where("shared"))  # fmt: skip
    assert done.code == 1
    assert "Successfully uninstalled own-1.0 shared-1.0" in done.out
    assert "nothing is not installed" in done.out
    assert "low==1.0\n" in done.out
    assert "No module named 'shared'" in done.out
    assert run(project, where("shared")).code == 0


def test_the_workspace_is_installed_anew_in_every_run(project: World) -> None:
    packages.unpacked(project.project, "mine")
    for version in ("1.0", "2.0"):
        project.write("mine.py", f"__version__ = {version!r}\n")
        done = run(project, "pip install -q -e .", "cd links", where("mine"))
        assert done.code == 0, done.err + done.out
        assert done.out.splitlines()[-1].startswith(f"{version} ")
        assert "/workspace/mine.py" in done.out
    assert not layers(project)
    done = run(project, "pip install -q .", "cd links", where("mine"))
    assert "/environment/layers/" in done.out


def test_a_requirements_file_of_the_job_counts_by_what_it_says(project: World) -> None:
    for text, expected in (
        ("own==1.0\n", "1.0"),
        ("# other\nown == 1.0\n", "1.0"),
        ("own\n", "2.0"),
    ):
        project.write("more.txt", text)
        done = run(project, "pip install -q -r more.txt", where("own"))
        assert done.code == 0, done.err + done.out
        assert done.out.startswith(expected)


def test_what_cannot_be_installed_ends_the_job_and_leaves_nothing(project: World) -> None:
    for _ in range(2):
        done = run(project, "pip install own no-such-package", "echo not reached")
        assert done.code == 1
        assert "no-such-package" in done.out
        assert "not reached" not in done.out
    assert not layers(project)


def test_what_uv_cannot_do_pip_does(project: World) -> None:
    done = run(project, "pip download -q --no-deps --no-index -f links lying", "ls *.whl",
               "pip install -q --no-index --prefer-binary -f links lying", where("lying"),
               "pip freeze")  # fmt: skip
    assert done.code == 0, done.err + done.out
    lines = done.out.splitlines()
    assert lines[0].startswith("lying-1.0")
    assert lines[1].startswith("1.0 ")
    assert "lying==1.0" in lines


def test_a_folder_to_install_into(project: World) -> None:
    done = run(project, "pip install -q --target out own==1.0", "ls out/own.py",
               "python -c 'import own'")  # fmt: skip
    assert done.code == 1
    assert "out/own.py" in done.out
    assert "No module named 'own'" in done.out


def test_a_newer_version_is_asked_for(project: World) -> None:
    index = project.home / "index"
    commands = ("pip install -q own==1.0", "pip install -q --upgrade own", where("own"))
    assert run(project, *commands).out.startswith("2.0")
    assert len(layers(project)) == 2
    # another day's answer is not this day's; without --upgrade the first one stays
    packages.wheel(index, "own", "3.0")
    assert run(project, "pip install -q own", where("own")).out.startswith("3.0")
    packages.wheel(index, "own", "4.0")
    assert run(project, "pip install -q own", where("own")).out.startswith("3.0")


def test_commands_before_a_script_install_for_it(project: World) -> None:
    project.workflows(
        "workflows:\n  - name: script\n    provider: python\n"
        "    before_run: [pip install own]\n    script: train.py\n"
    )
    project.write("train.py", "import own\nprint(own.__file__)\n")
    done = project.wf("run", "script")
    assert done.code == 0, done.err
    assert "/environments/" in done.out


def test_it_goes_with_the_run(project: World) -> None:
    job(project, "pip install -q -f links lying")
    name = project.wf("run", "job", "--json").json()["name"]
    folder = project.folder(name)
    assert folder.is_dir()
    assert not (folder / "environment").exists()


def test_uv_installs_there_too(project: World) -> None:
    done = run(project, "uv pip install -q own", where("own"), "pip install -q own==1.0",
               where("own"), "pip freeze")  # fmt: skip
    assert done.code == 0, done.err + done.out
    first, second, *frozen = done.out.splitlines()
    assert first.startswith("2.0")
    assert "/environment/venv/" in first
    assert second.startswith("1.0")
    assert "own==1.0" in frozen


def test_a_setup_script_installs_into_the_runs_own(project: World) -> None:
    project.write("mine.py", "__version__ = '1.0'\n")
    project.write(
        "setup.py",
        "import setuptools\nsetuptools.setup(name='m', version='1', py_modules=['mine'])",
    )
    done = run(project, "python -W ignore setup.py -q develop", "cd links", where("mine"))
    if "No module named 'setuptools'" in done.out:
        pytest.skip("this Python comes without setuptools")
    assert done.code == 0, done.err + done.out
    assert "/workspace/mine.py" in done.out
    assert run(project, "cd links", where("mine")).code == 1


def test_what_a_killed_installation_leaves_is_not_trusted(project: World, tmp_path: Path) -> None:
    gate, began = tmp_path / "gate", tmp_path / "began"
    packages.slow_source(project.home / "index", "held", gate, began)
    job(project, "pip install -q held", where("held"))
    process = project.start("run", "job")
    until(lambda: began.exists() and began.read_text().endswith("\n"), "a build that has begun")
    builder = int(began.read_text().splitlines()[0])
    process.kill()
    os.kill(builder, signal.SIGKILL)
    process.wait()
    gate.touch()
    assert not layers(project)
    done = project.wf("run", "job")
    assert done.code == 0, done.err + done.out
    assert len(layers(project)) == 1


def test_runs_that_come_together_install_once(project: World, tmp_path: Path) -> None:
    gate, began = tmp_path / "gate", tmp_path / "began"
    packages.slow_source(project.home / "index", "held", gate, began)
    job(project, "pip install held", where("held"))
    runs = [project.start("run", "job") for _ in range(3)]
    waiting = "another run is building it"

    def all_are_there() -> bool:
        logs = [Path(log).read_text() for log in (project.home / "state" / "runs").glob("*/log")]
        return began.exists() and sum(waiting in log for log in logs) == len(runs) - 1

    until(all_are_there, "one that installs and two that wait")
    gate.touch()
    assert [run.wait() for run in runs] == [0] * len(runs)
    assert len(began.read_text().splitlines()) == 1
    assert len(layers(project)) == 1


def test_commands_keep_to_a_day_as_well(project: World, tmp_path: Path) -> None:
    files = tmp_path / "files"
    packages.wheel(files, "leaf", "1.0")
    packages.wheel(files, "leaf", "2.0")
    dates = {
        "leaf-1.0-py3-none-any.whl": "2022-05-20T12:00:00Z",
        "leaf-2.0-py3-none-any.whl": "2022-06-20T12:00:00Z",
    }
    for name in ("UV_OFFLINE", "UV_FIND_LINKS"):
        del project.variables[name]
    project.write("requirements.txt", "")
    with PackageIndex(files, dates=dates) as index:
        project.variables["UV_DEFAULT_INDEX"] = index.url
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        job(project, "pip install -q leaf", where("leaf"), "uv pip install -q --target t leaf",
            "ls t", more=f"    python: '{own}'\n")  # fmt: skip
        then = project.wf("run", "job", "--as-of", "2022-05-20")
        now = project.wf("run", "job")
    assert (then.code, now.code) == (0, 0), then.out + now.out
    assert then.out.startswith("1.0 ")
    assert "leaf-1.0.dist-info" in then.out
    assert now.out.startswith("2.0 ")
    assert len(layers(project)) == 2
