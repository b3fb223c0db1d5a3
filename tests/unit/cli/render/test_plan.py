"""A plan in words."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from runner.cli.render.plan import describe, plan_document, show_plan
from runner.errors import UNSATISFIABLE, WfError
from runner.plan.environment import EnvironmentSpec, RequirementFile
from runner.plan.fingerprint import Fingerprint
from runner.plan.plan import Input, Job, Plan
from runner.spec.workflow import ArtifactRequest, GpuRequest, PythonScript, Resources

if TYPE_CHECKING:
    import io
    from collections.abc import Callable

    Streams = Callable[..., io.StringIO]

PLAN = Plan(
    (
        Job(
            workflow="train",
            provider="python",
            action="run",
            reason="asked for",
            launch=PythonScript("train.py", ("--lr", "0.1")),
            environment=EnvironmentSpec("3.11", (RequirementFile("requirements.txt", "torch\n"),)),
            variables=(("SEED", "1"),),
            artifacts=(ArtifactRequest("data"), ArtifactRequest("model")),
            resources=Resources(cpu=1),
            working_dir="src",
            inputs=(Input("run", "prepare"), Input("tag", "fetch", "raw", "wet-mango-1")),
            fingerprint=Fingerprint((("environment", "0123456789abcdef"),)),
        ),
    )
)
NOT_READY = {"train": False}


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Resources(), "all cores, shared, no GPU"),
        (Resources(cpu=1), "1 core, no GPU"),
        (
            Resources(cpu=2, memory=16 * 10**9, gpu=GpuRequest(1)),
            "2 cores, 16 GB of memory, 1 GPU",
        ),
        (Resources(cpu=1, shm_size=10**9), "1 core, no GPU, 1 GB of shared memory"),
        (
            Resources(gpu=GpuRequest(4, "V100", 16 * 10**9)),
            "all cores, shared, 4 V100 GPUs with at least 16 GB",
        ),
    ],
)
def test_what_is_asked_for_in_words(asked: Resources, said: str) -> None:
    assert describe(asked) == said


def test_a_plan_for_people(stream: Streams) -> None:
    out = stream()
    show_plan(PLAN, NOT_READY, out, {})
    assert out.getvalue() == (
        "● run train: asked for\n"
        "  command     python train.py --lr 0.1\n"
        "  working_dir src\n"
        "  environment python 3.11 with requirements.txt · 0123456789ab · will be built\n"
        "  devices     1 core, no GPU\n"
        "  inputs      prepare, :raw (wet-mango-1)\n"
        "  variables   SEED=1\n"
        "  artifacts   data, model\n"
    )


def test_a_reused_job_takes_one_line(stream: Streams) -> None:
    out = stream()
    reused = replace(PLAN.job, action="reuse", reason="the same", workflow="prepare")
    show_plan(Plan((reused, PLAN.job)), NOT_READY, out, {})
    assert out.getvalue().startswith("● reuse prepare: the same\n● run train: asked for\n")


def test_a_plan_for_programs() -> None:
    lacking = WfError(UNSATISFIABLE, "train asks for 4 GPUs; this machine has no GPU")
    document = plan_document(PLAN, {"train": True}, lacking)
    assert document["workflow"] == "train"
    assert document["jobs"] == [PLAN.job.document()]
    assert document["environment"] == {"fingerprint": "0123456789abcdef", "ready": True}
    assert document["satisfiable"] is False
    assert document["problem"]["exit_code"] == UNSATISFIABLE
    assert plan_document(PLAN, NOT_READY, None)["problem"] is None


def test_a_plan_of_everything_has_no_workflow_of_its_own() -> None:
    document = plan_document(Plan(PLAN.jobs, everything=True), NOT_READY, None)
    assert document["workflow"] is None
    assert document["environment"] is None
