"""conda in commands, with a stand-in: neither it nor its kin is on any package registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import conda

if TYPE_CHECKING:
    from tests.conftest import World

ENVIRONMENT = "name: proj\ndependencies: [python=3.9]\n"


def job(world: World, *commands: str, provider: str = "bash") -> None:
    listed = "".join(f"      - {command}\n" for command in commands)
    world.workflows(f"workflows:\n  - name: job\n    provider: {provider}\n    commands:\n{listed}")
    world.write("environment.yml", ENVIRONMENT)


@pytest.fixture(params=["conda", "mamba", "micromamba"])
def world_with(request: pytest.FixtureRequest, world: World) -> World:
    folder = conda.install(world.home / "root", request.param)
    world.variables["PATH"] = f"{folder}:{world.variables['PATH']}"
    return world


def test_without_conda_nothing_runs_and_the_place_is_named(world: World) -> None:
    job(world, "touch $OUT", "conda env create --file environment.yml")
    done = world.wf("run", "job")
    assert done.code == 78
    assert ".dstack/workflows.yaml:5:7" in done.err
    assert "neither conda, mamba nor micromamba is installed" in done.err
    assert "requirements file" in done.err
    assert world.wf("ps", "-a", "--json").json() == []


def test_what_only_names_conda_needs_none(world: World) -> None:
    job(world, "echo conda env create", "'# conda activate x'")
    assert world.wf("run", "job").code == 0


@pytest.mark.parametrize("word", ["conda", "mamba", "micromamba"])
def test_an_environment_is_made_and_activated_in_every_run(world_with: World, word: str) -> None:
    job(
        world_with,
        "python -c 1",
        f"{word} env create --file environment.yml",
        f"{word} activate proj",
        'echo "$CONDA_DEFAULT_ENV $CONDA_PREFIX"',
        "command -v python",
        f"{word} deactivate",
        "source activate proj",
        'echo "again $CONDA_DEFAULT_ENV"',
    )
    for _ in range(2):
        done = world_with.wf("run", "job")
        assert done.code == 0, done.err + done.out
        name, python, again = done.out.splitlines()[-3:]
        assert name.startswith("proj ")
        assert python == f"{name.removeprefix('proj ')}/bin/python"
        assert "/runs/" in python
        assert again == "again proj"
    assert not (world_with.home / "root" / "envs").exists()


def test_everybodys_base_environment_stays_as_it_is(world_with: World) -> None:
    job(world_with, "conda install six", "conda install -n base more", "command -v python",
        "conda list -n base")  # fmt: skip
    done = world_with.wf("run", "job")
    assert done.code == 0, done.err + done.out
    python, *packages = done.out.splitlines()
    assert "/runs/" in python
    assert packages[0:1] == ["more"]
    assert packages[-1] == "six"
    assert not list((world_with.home / "root" / "conda-meta").iterdir())


def test_scripts_that_call_conda_use_the_runs_own_folder_as_well(world_with: World) -> None:
    job(world_with, "bash make.sh", "conda activate mine", "echo $CONDA_PREFIX")
    world_with.write("make.sh", "conda create -n mine\nconda init bash\n")
    done = world_with.wf("run", "job")
    assert done.code == 0, done.err + done.out
    assert "/runs/" in done.out
    assert "nothing in your home folder is changed" in done.out
    assert not (world_with.home / ".bashrc").exists()


def test_what_conda_refuses_ends_the_job(world_with: World) -> None:
    job(world_with, "conda create -n x --nonsense")
    done = world_with.wf("run", "job")
    assert done.code == 1
    assert "--nonsense" in done.out
