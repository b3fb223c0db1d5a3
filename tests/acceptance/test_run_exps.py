"""``run_exps.sh``: three workflows one after the other, here with jobs that train nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import ROOT

if TYPE_CHECKING:
    from tests.conftest import World

JOB = """\
  - name: train-mnist-{name}
    provider: python
    script: train.py
    artifacts: [model]
    env: [CODE={code}]
    resources: {{{devices}}}
"""
SCRIPT = """\
import os, sys
if os.environ.get("RANK", "0") == "0":
    with open("model/metrics.csv", "w") as file:
        file.write("step,loss\\n1,0.5\\n")
    with open(os.environ["WF_NOTES"], "a") as notes:
        notes.write("phase: fit 2.0 s, 100 samples\\n")
sys.exit(int(os.environ["CODE"]))
"""
DEVICES = {"no-gpu": "cpu: 1", "one-gpu": "gpu: 1", "multi-gpu": "gpu: 4"}

pytestmark = pytest.mark.skipif(
    os.path.exists("/proc/driver/nvidia/version"), reason="gpu: this machine has one"
)


@pytest.fixture
def project(world: World) -> World:
    shutil.copy(ROOT / "run_exps.sh", world.project)
    world.write("train.py", SCRIPT)
    declare(world)
    return world


def declare(world: World, **codes: int) -> None:
    """Write the three workflows; ``codes`` are how those end that do not succeed."""
    jobs = (
        JOB.format(name=name, devices=devices, code=codes.get(name.replace("-", "_"), 0))
        for name, devices in DEVICES.items()
    )
    world.workflows("workflows:\n" + "".join(jobs))


def run(world: World, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["./run_exps.sh", *words],
        cwd=world.project,
        env={**world.variables, "WF": f"{sys.executable} -m runner"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def test_without_gpus_two_are_left_out_and_that_is_no_failure(project: World) -> None:
    done = run(project)
    assert done.returncode == 0, done.stderr
    assert done.stdout.endswith(
        "workflow                 exit  meaning\n"
        "train-mnist-no-gpu          0  ok\n"
        "train-mnist-one-gpu         -  left out: asks for 1 GPU; this machine has no GPU "
        "(no NVIDIA driver is installed)\n"
        "train-mnist-multi-gpu       -  left out: asks for 4 GPUs; this machine has no GPU "
        "(no NVIDIA driver is installed)\n"
        "on the CPU all of them run: ./run_exps.sh --simulate-gpus\n"
    )
    assert len(project.runs()) == 1


def test_with_simulated_gpus_all_three_run_and_are_compared(project: World) -> None:
    done = run(project, "--simulate-gpus")
    assert done.returncode == 0, done.stderr
    table, _, compared = done.stdout.partition("== compared\n")
    assert [line.split()[1:] for line in table.splitlines()[-4:-1]] == [["0", "ok"]] * 3
    lines = {line[:14].strip(): line[14:].split("  ") for line in compared.splitlines()}
    assert "train-mnist-no-gpu  train-mnist-one-gpu  train-mnist-multi-gpu" in compared
    assert "1 core" in compared
    assert "4 simulated GPUs" in compared
    assert "samples/s" in lines
    assert len(project.runs()) == 3


def test_interrupted_while_it_looks_it_starts_nothing(project: World) -> None:
    stand_in = project.write("stand-in", '#!/bin/sh\necho "$1" >> calls\nkill -INT 0\n')
    stand_in.chmod(0o755)
    done = subprocess.run(
        ["./run_exps.sh"],
        cwd=project.project,
        env={**project.variables, "WF": "./stand-in"},
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        start_new_session=True,  # the signal is for all of a terminal's, and this one has none
    )
    assert done.returncode == 130
    assert (project.project / "calls").read_text(encoding="utf-8") == "plan\n"
    assert done.stdout.count("not started") == 3


def test_a_failure_is_its_exit_code_and_keeps_no_other_from_running(project: World) -> None:
    declare(project, one_gpu=3)
    done = run(project, "--simulate-gpus")
    assert done.returncode == 3
    assert "train-mnist-one-gpu         3  failed (3)\n" in done.stdout
    _, _, compared = done.stdout.partition("== compared\n")
    assert "train-mnist-no-gpu  train-mnist-multi-gpu" in compared


def test_a_job_that_ends_with_69_itself_has_failed(project: World) -> None:
    declare(project, no_gpu=69)
    done = run(project)
    assert done.returncode == 69
    assert "train-mnist-no-gpu         69  cannot be satisfied here (69)\n" in done.stdout
    assert "left out: asks for 1 GPU" in done.stdout


def test_nothing_that_can_run_is_69(project: World) -> None:
    text = (project.project / ".dstack/workflows.yaml").read_text(encoding="utf-8")
    project.workflows(text.replace("cpu: 1", "cpu: 4096"))
    done = run(project)
    assert done.returncode == 69
    assert project.runs() == []


def test_an_option_that_is_not_there(project: World) -> None:
    done = run(project, "--simulate")
    assert done.returncode == 64
    assert "there is no option --simulate" in done.stderr
    assert project.runs() == []
