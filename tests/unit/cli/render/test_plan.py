"""A plan in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.cli.render.plan import describe, plan_document, show_plan
from runner.errors import UNSATISFIABLE, WfError
from runner.plan.plan import EnvironmentSpec, Job, Plan, RequirementFile
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
        ),
    )
)


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        (Resources(), "all cores, shared, no GPU"),
        (Resources(cpu=1), "1 core, no GPU"),
        (
            Resources(cpu=2, memory=16 * 10**9, gpu=GpuRequest(1)),
            "2 cores, 16 GB of memory, 1 GPU",
        ),
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
    show_plan(PLAN, "0123456789abcdef", out, {}, ready=False)
    assert out.getvalue() == (
        "● run train: asked for\n"
        "  command     python train.py --lr 0.1\n"
        "  working_dir src\n"
        "  environment python 3.11 with requirements.txt · 0123456789ab · will be built\n"
        "  devices     1 core, no GPU\n"
        "  variables   SEED=1\n"
        "  artifacts   data, model\n"
    )


def test_a_plan_for_programs() -> None:
    lacking = WfError(UNSATISFIABLE, "train asks for 4 GPUs; this machine has no GPU")
    document = plan_document(PLAN, "0123", ready=True, lacking=lacking)
    assert document["jobs"] == [PLAN.job.document()]
    assert document["environment"] == {"fingerprint": "0123", "ready": True}
    assert document["satisfiable"] is False
    assert document["problem"]["exit_code"] == UNSATISFIABLE
    assert plan_document(PLAN, "0123", ready=True, lacking=None)["problem"] is None
