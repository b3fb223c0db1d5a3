"""Jobs that install packages themselves, with the real uv and pip."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.fakes import packages

if TYPE_CHECKING:
    from tests.conftest import World

pytestmark = pytest.mark.integration

WORKFLOW = """\
workflows:
  - name: job
    provider: bash
    requirements: requirements.txt
    commands:
      - pip install --quiet --no-index --find-links links own
      - python -c "import own, shared; print(own.__file__); print(shared.__file__)"
      - python -m pip --version
  - name: with-uv
    provider: bash
    commands:
      - uv pip install --quiet --no-index --find-links links own
      - python -c "import own; print(own.__file__)"
  - name: script
    provider: python
    before_run: [pip install --quiet --no-index --find-links links own]
    script: train.py
"""


@pytest.fixture
def project(world: World) -> World:
    packages.wheel(world.project / "links", "own")
    index = world.home / "index"
    packages.pip(index)
    packages.wheel(index, "shared")
    world.variables.update(packages.index(index))
    world.workflows(WORKFLOW)
    world.write("requirements.txt", "shared\n")
    world.write("train.py", "import own\nprint(own.__file__)\n")
    return world


def test_what_a_job_installs_is_its_own(project: World) -> None:
    done = project.wf("run", "job", "--json")
    assert done.code == 0, done.err
    run = done.json()["name"]
    own, shared, *_ = project.wf("logs", run).out.splitlines()
    assert f"/{run}/environment/" in own
    assert "/environments/" in shared
    # the next run finds the shared environment as it was
    project.workflows(
        WORKFLOW.replace("pip install --quiet --no-index --find-links links own", "true")
    )
    again = project.wf("run", "script")
    assert again.code == 1
    assert "No module named 'own'" in again.out


def test_what_a_job_installed_stands_on_the_record(project: World) -> None:
    assert project.wf("run", "job").code == 0
    assert project.record()["environment"]["lock"] == ["own==1.0", "shared==1.0"]


def test_commands_before_a_script_install_for_it(project: World) -> None:
    done = project.wf("run", "script")
    assert done.code == 0, done.err
    assert "/environment/" in done.out


def test_it_goes_with_the_run(project: World) -> None:
    run = project.wf("run", "job", "--json").json()["name"]
    folder = project.folder(run)
    assert folder.is_dir()
    assert not (folder / "environment").exists()


def test_uv_installs_there_too(project: World) -> None:
    done = project.wf("run", "with-uv")
    assert done.code == 0, done.err
    assert "/environment/" in done.out
