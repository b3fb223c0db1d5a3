"""Limits files: what they take away is as if it were not there, and messages say who took it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest

from tests.conftest import program, require
from tests.fakes import nvml

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import World

WORKFLOW = """\
workflows:
  - name: plain
    provider: bash
    commands: ['nproc']
  - name: two
    provider: bash
    commands: ['nproc']
    resources: {cpu: 2}
  - name: much
    provider: bash
    commands: [':']
    resources: {memory: 2GB}
  - name: gpu
    provider: bash
    commands: ['echo $CUDA_VISIBLE_DEVICES']
    resources: {gpu: 1}
  - name: gpus
    provider: bash
    commands: [':']
    resources: {gpu: 3}
"""


@pytest.fixture
def project(world: World) -> World:
    world.workflows(WORKFLOW)
    return world


@pytest.fixture
def gpus(project: World, tmp_path: Path) -> World:
    """The project on a machine with eight GPUs."""
    require("gcc", program("gcc"))
    (tmp_path / "nvml").mkdir()
    project.variables.update(nvml.build(tmp_path / "nvml"), FAKE_GPUS="8")
    return project


def machine(world: World, text: str) -> Path:
    """Write the machine's limits."""
    return _written(world.home / "etc" / "limits.yaml", text)


def user(world: World, text: str) -> Path:
    """Write the user's limits."""
    return _written(world.home / ".config" / "wf" / "limits.yaml", text)


def _written(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


def test_one_core_is_left(project: World) -> None:
    limits = machine(project, "cores: 1\n")
    assert project.wf("run", "plain").out == "1\n"
    done = project.wf("run", "two")
    assert done.code == 69
    assert "two asks for 2 cores; this machine has 1 core" in done.err
    assert "`wf run two --cpus 1` runs it with what is here" in done.err
    if len(os.sched_getaffinity(0)) > 1:
        assert f"{limits}:1" in done.err


def test_memory_is_left(project: World) -> None:
    limits = user(project, "# shared with others\nmemory: 1GB\n")
    done = project.wf("run", "much")
    assert done.code == 69
    assert "much asks for 2 GB of memory; this machine has 1 GB" in done.err
    assert f"{limits}:2" in done.err
    assert project.runs() == []


def test_no_gpu_is_left(gpus: World) -> None:
    limits = user(gpus, "gpus: 0\n")
    done = gpus.wf("run", "gpu")
    assert done.code == 69
    said = f"gpu asks for 1 GPU; this machine has no GPU ({limits}:1 leaves none of 8)"
    assert said in done.err
    assert "`wf run gpu --gpus 0`" in done.err


def test_the_machines_limit_comes_before_the_users(gpus: World) -> None:
    machines, users = machine(gpus, "gpus: [2-5]\n"), user(gpus, "\ngpus: [0-3]\n")
    done = gpus.wf("run", "gpu")
    assert done.out == f"{nvml.uuid(2)}\n"
    done = gpus.wf("run", "gpus")
    assert done.code == 69
    assert f"{machines}:1" in done.err
    assert f"{users}:2" in done.err
    # the caller's own variable chooses among what is left
    done = gpus.wf("run", "gpu", CUDA_VISIBLE_DEVICES="3,2")
    assert done.out in {f"{nvml.uuid(2)}\n", f"{nvml.uuid(3)}\n"}
    done = gpus.wf("run", "gpu", CUDA_VISIBLE_DEVICES="0")
    assert done.code == 69
    assert "CUDA_VISIBLE_DEVICES is set to `0`" in done.err


def test_mistakes_are_shown_with_their_places_before_there_is_a_run(project: World) -> None:
    machines, users = machine(project, "core: 1\n"), user(project, "memory: 16\n")
    done = project.wf("run", "plain")
    assert done.code == 65
    assert done.err == (
        f"{machines}:1:1: error: unknown key `core`\n"
        " 1 │ core: 1\n"
        "   │ ^^^^\n"
        "hint: did you mean `cores`?\n"
        f"{users}:1:9: error: an amount of memory with its unit is wanted here, "
        "not the number 16\n"
        " 1 │ memory: 16\n"
        "   │         ^^\n"
        "hint: write 16GB (counted in 1000) or 16GiB (counted in 1024)\n"
    )
    assert project.runs() == []
    # what looks at no machine does not mind
    assert project.wf("validate").code == 0


def test_limits_that_leave_no_core(project: World) -> None:
    limits = machine(project, "cores: [5000]\n")
    done = project.wf("run", "plain")
    assert done.code == 69
    assert f"{limits}:1:1: error: this leaves wf no core" in done.err
    assert project.runs() == []
