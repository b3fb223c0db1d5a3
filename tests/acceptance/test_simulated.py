"""GPUs that are simulated, as somebody at a terminal and somebody with a program see it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import World

PYTHON = f"{sys.version_info.major}.{sys.version_info.minor}"
FILE = f"""\
workflows:
  - name: first
    provider: bash
    python: "{PYTHON}"
    commands:
      - echo "$DSTACK_GPUS_NUM,$WF_SIMULATED_GPUS,$CUDA_VISIBLE_DEVICES"
    resources: {{gpu: {{name: H100, count: 2, memory: 80GB}}}}
  - name: second
    provider: bash
    python: "{PYTHON}"
    depends-on: [first]
    commands: ['echo "${{WF_SIMULATED_GPUS-none}}"']
"""
SAID = "2 GPUs are simulated, by 2 ranks on the CPU"


@pytest.fixture
def gpus(world: World) -> World:
    """A project whose first workflow asks for GPUs."""
    world.workflows(FILE)
    world.variables["CUDA_VISIBLE_DEVICES"] = ""  # the same on a machine with GPUs
    return world


def test_it_is_said_before_the_job_and_in_front_of_its_output(gpus: World) -> None:
    done = gpus.wf("run", "first", "--simulate-gpus")
    assert done.code == 0
    assert f"warning: {SAID}\n" in done.err
    assert "2 simulated GPUs" in done.err
    assert done.out == f"wf: {SAID}\n2,2,\n"
    assert gpus.wf("logs", "last").out == done.out


def test_it_stands_on_the_record(gpus: World) -> None:
    gpus.wf("run", "first", "--simulate-gpus")
    document = gpus.record()
    assert document["resources"]["simulated_gpus"] == 2
    assert document["resources"]["gpus"] == []
    assert document["plan"]["jobs"][0]["resources"]["simulated_gpus"] == 2
    assert "2 simulated GPUs (2 ranks on the CPU)" in gpus.wf("show", "last").out


def test_a_job_that_leaves_its_gpus_alone_says_so_in_the_end(gpus: World) -> None:
    gpus.wf("run", "first", "--simulate-gpus")
    note = "simulated GPUs: none was used, by Lightning or by torch.distributed"
    assert gpus.record()["notes"] == [note]
    gpus.wf("run", "first", "--simulate-gpus", "--gpus", "0")
    assert gpus.record()["notes"] == []


def test_a_plan_says_it(gpus: World) -> None:
    planned = gpus.wf("plan", "first", "--simulate-gpus")
    assert planned.code == 0
    assert "all cores, shared, 2 simulated GPUs (2 ranks on the CPU)\n" in planned.out
    assert gpus.wf("plan", "first").code == 69


def test_so_many_as_the_command_line_asks_for(gpus: World) -> None:
    assert "5,5,\n" in gpus.wf("run", "first", "--simulate-gpus", "--gpus", "5").out


def test_without_gpus_nothing_changes_and_that_is_said(gpus: World) -> None:
    text = "`first` asks for no GPU, so that --simulate-gpus changes nothing\n"
    for verb in ("run", "plan"):
        done = gpus.wf(verb, "first", "--gpus", "0", "--simulate-gpus")
        assert done.code == 0
        assert f"note: {text}" in done.err
    assert gpus.record()["resources"]["simulated_gpus"] == 0
    everything = gpus.wf("run", "--all", "--gpus", "0", "--simulate-gpus")
    assert "no workflow asks for a GPU, so that --simulate-gpus changes nothing" in everything.err


def test_what_is_depended_on_is_simulated_too_and_reused_for_a_simulation_only(
    gpus: World,
) -> None:
    done = gpus.wf("run", "second", "--simulate-gpus")
    assert done.code == 0
    assert done.out == f"wf: {SAID}\n2,2,\nnone\n"
    assert "asks for no GPU" not in done.err
    again = gpus.wf("plan", "second", "--simulate-gpus", "--json").json()
    assert [job["action"] for job in again["jobs"]] == ["reuse", "run"]
    real = gpus.wf("plan", "second", "--json")
    assert real.code == 69
    assert [job["action"] for job in real.json()["jobs"]] == ["run", "run"]


def test_a_machine_without_gpus_offers_it(gpus: World) -> None:
    done = gpus.wf("run", "first")
    assert done.code == 69
    assert "with `--simulate-gpus` ranks on the CPU stand in for GPUs" in done.err


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        ("Torch not compiled with CUDA enabled", "it calls CUDA itself"),
        ("No CUDA GPUs are available", "it calls CUDA itself"),
        ("No supported gpu backend found!", "nothing in it stood in"),
    ],
)
def test_a_job_that_needs_a_real_one_says_why_it_failed(gpus: World, said: str, cause: str) -> None:
    gpus.workflows(FILE.replace("echo", f"echo '{said}'; exit 1; echo", 1))
    failed = gpus.wf("run", "first", "--simulate-gpus")
    assert failed.code == 1
    assert cause in gpus.record()["message"]
    assert gpus.record()["hint"]


def test_every_python_of_the_job_finds_what_stands_in(gpus: World) -> None:
    gpus.write("where.py", "import sitecustomize; print(sitecustomize.__file__)")
    gpus.workflows(FILE.replace("- echo", "- python where.py; echo"))
    done = gpus.wf("run", "first", "--simulate-gpus")
    assert done.code == 0
    assert os.path.join("executors", "simulated", "sitecustomize.py") in done.out
