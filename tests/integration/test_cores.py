"""Cores: a job runs on those it was given, and knows how many they are."""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import pytest

from tests.conftest import PATIENCE_SECONDS, hear, require, until

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from tests.conftest import World

pytestmark = pytest.mark.integration

CORES = len(os.sched_getaffinity(0))
WORKFLOW = f"""\
workflows:
  - name: any
    provider: python
    script: job.py
  - name: one
    provider: python
    script: job.py
    resources: {{cpu: 1}}
  - name: all
    provider: python
    script: job.py
    resources: {{cpu: {CORES}}}
  - name: more
    provider: python
    script: job.py
    resources: {{cpu: {CORES + 1}}}
"""
JOB = """\
import json, os, subprocess, sys, time
own = sorted(os.sched_getaffinity(0))
code = "import os; print(sorted(os.sched_getaffinity(0)))"
child = json.loads(subprocess.check_output([sys.executable, "-c", code]))
threads = {name: value for name, value in os.environ.items() if name.endswith("_NUM_THREADS")}
said = {"own": own, "child": child, "threads": threads}
print(json.dumps(said), flush=True)
if "GATE" in os.environ:
    with open(os.environ["GATE"] + ".seen", "w") as file:
        json.dump(said, file)
    os.rename(os.environ["GATE"] + ".seen", os.environ["GATE"] + ".ready")
    for _ in range(3000):
        if os.path.exists(os.environ["GATE"]):
            break
        time.sleep(0.02)
"""


@pytest.fixture
def project(world: World) -> World:
    world.workflows(WORKFLOW)
    world.write("job.py", JOB)
    return world


def test_one_core_is_one_core(project: World) -> None:
    said = project.wf("run", "one").json()
    assert len(said["own"]) == 1
    assert said["child"] == said["own"]
    assert said["threads"]["OMP_NUM_THREADS"] == "1"
    assert said["threads"]["MKL_NUM_THREADS"] == "1"
    assert project.record()["resources"]["cpus"] == said["own"]


def test_no_number_means_all_cores_and_no_word_on_threads(project: World) -> None:
    said = project.wf("run", "any").json()
    assert said["own"] == sorted(os.sched_getaffinity(0))
    assert "OMP_NUM_THREADS" not in said["threads"]


def test_the_callers_thread_count_does_not_widen_a_lease(project: World) -> None:
    said = project.wf("run", "one", OMP_NUM_THREADS="64").json()
    assert said["threads"]["OMP_NUM_THREADS"] == "1"


def test_the_workflow_may_choose_its_own_thread_count(project: World) -> None:
    said = project.wf("run", "one", "-e", "OMP_NUM_THREADS=3").json()
    assert said["threads"]["OMP_NUM_THREADS"] == "3"


def test_all_cores_can_be_had(project: World) -> None:
    said = project.wf("run", "all").json()
    assert said["own"] == sorted(os.sched_getaffinity(0))
    assert said["threads"]["OMP_NUM_THREADS"] == str(CORES)


def test_more_cores_than_there_are_is_refused_at_once(project: World) -> None:
    done = project.wf("run", "more")
    assert done.code == 69
    assert f"more asks for {CORES + 1} cores" in done.err
    assert ".dstack/workflows.yaml:" in done.err
    assert f"`wf run more --cpus {CORES}`" in done.err
    assert project.runs() == []


def test_only_cores_that_wf_itself_may_use_are_given(project: World) -> None:
    """``taskset -c 0 wf run``: a cpuset or an affinity from outside is a ceiling."""
    require("two cores", None if CORES > 1 else "there is one core only")
    allowed = max(os.sched_getaffinity(0))
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {allowed})
    try:
        said = project.wf("run", "one").json()
        refused = project.wf("run", "all")
    finally:
        os.sched_setaffinity(0, before)
    assert said["own"] == [allowed]
    assert refused.code == 69


def test_two_jobs_at_once_get_different_cores(project: World, tmp_path: Path) -> None:
    require("two cores", None if CORES > 1 else "there is one core only")
    first, second = Holder(project, tmp_path / "a"), Holder(project, tmp_path / "b")
    assert len(first.said["own"]) == len(second.said["own"]) == 1
    assert first.said["own"] != second.said["own"]
    for holder in (first, second):
        holder.let_go()


def test_a_job_waits_for_its_cores(project: World, tmp_path: Path) -> None:
    holder = Holder(project, tmp_path / "a")
    assert project.wf("run", "all", "--no-wait").code == 75
    waiting = project.start("run", "all")
    hear(waiting, b"waiting for")
    # who asks for no number of cores does not wait
    assert project.wf("run", "any", "--no-wait").code == 0
    holder.let_go()
    assert waiting.wait(PATIENCE_SECONDS) == 0


def test_memory_that_is_not_there_is_refused_at_once(project: World) -> None:
    done = project.wf("run", "any", "--memory", "999999GB")
    assert done.code == 69
    assert "memory" in done.err
    assert project.runs() == []


class Holder:
    """A run of ``one`` that holds its core until it is let go."""

    def __init__(self, world: World, folder: Path) -> None:
        folder.mkdir()
        self._gate = folder / "gate"
        self.process: subprocess.Popen[bytes] = world.start("run", "one", GATE=str(self._gate))
        ready = folder / "gate.ready"
        until(ready.exists, "a job that holds its core")
        self.said: Any = json.loads(ready.read_text())

    def let_go(self) -> None:
        self._gate.touch()
        assert self.process.wait(PATIENCE_SECONDS) == 0
