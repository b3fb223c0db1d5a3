"""What is run, what is reused, why, and where inputs come from."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from runner.errors import UNSATISFIABLE, Problem, WfError
from runner.plan.facts import (
    Code,
    FileFact,
    FormerInput,
    Past,
    PastRun,
    ProjectFacts,
    TaggedRun,
)
from runner.plan.graph import closure, everything
from runner.plan.plan import Choices, Input
from runner.plan.planner import plan
from runner.plan.reuse import Known, link
from runner.spec.workflow import Dependency, GpuRequest, Limits, Ports, Resources, ShellCommands
from tests.unit.plan.workflows import workflow

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.plan.plan import Job, Plan
    from runner.spec.workflow import Workflow

FACTS = ProjectFacts({".": FileFact("directory")})
CODE = Code("c0de", {"train.py": "1", "lib.py": "1"})


def linked(
    workflows: Sequence[Workflow],
    name: str | None = None,
    past: Past | None = None,
    *,
    code: Code = CODE,
    fresh: bool = False,
    environment: str = "e",
    simulate_gpus: bool = False,
) -> Plan:
    """The plan for the workflow called ``name``, or for all."""
    chosen = everything(workflows) if name is None else closure(name, workflows)
    choices = Choices(simulate_gpus=simulate_gpus)
    jobs = [(each, plan(each, choices, FACTS, "3.11").job) for each in chosen]
    known = Known(
        tuple(each.name for each in workflows),
        {each.name: code for each in workflows},
        {job.environment: environment for _, job in jobs},
        past or Past(),
    )
    return link(jobs, known, fresh=fresh, everything=name is None)


def run_of(job: Job, name: str, *, here: bool = True, code: Code = CODE) -> PastRun:
    """The run that carried out a job."""
    assert job.fingerprint is not None
    return PastRun(
        name, job.workflow, job.fingerprint.digest, here, dict(job.fingerprint.parts), code.files
    )


def told(found: Plan) -> list[tuple[str, str, str]]:
    return [(job.workflow, job.action, job.reason) for job in found.jobs]


CHAIN = [workflow("c", "b"), workflow("b", "a"), workflow("a")]
BEFORE = linked(CHAIN, "c")
PAST = Past(tuple(run_of(job, f"{job.workflow}-1") for job in BEFORE.jobs))


def test_nothing_was_run_before() -> None:
    assert told(BEFORE) == [
        ("a", "run", "there is no former run"),
        ("b", "run", "there is no former run"),
        ("c", "run", "asked for"),
    ]
    assert BEFORE.job.inputs == (Input("run", "b"),)
    assert BEFORE.needs(BEFORE.job) == {"b"}


def test_what_was_the_same_is_reused_and_what_it_needed_is_not_looked_at() -> None:
    again = linked(CHAIN, "c", PAST)
    same = "same code, variables, environment and inputs as b-1"
    assert told(again) == [("b", "reuse", same), ("c", "run", "asked for")]
    assert again.jobs[0].run == "b-1"
    assert again.job.inputs == (Input("run", "b", None, "b-1"),)
    assert again.to_run == (again.job,)


def test_what_was_asked_for_is_always_run() -> None:
    assert linked(CHAIN, "a", PAST).job.action == "run"


def test_fresh_reuses_nothing() -> None:
    again = linked(CHAIN, "c", PAST, fresh=True)
    assert [job.action for job in again.jobs] == ["run", "run", "run"]
    assert again.jobs[0].reason == "nothing is reused (--fresh)"


def test_of_two_runs_that_were_the_same_the_newest_is_taken() -> None:
    newer = PAST.runs[1]._replace(name="b-2")
    assert linked(CHAIN, "c", Past((newer, *PAST.runs))).jobs[0].run == "b-2"


def test_a_run_whose_artifacts_are_gone_does_not_serve() -> None:
    gone = Past((PAST.runs[0], PAST.runs[1]._replace(unfit="it is gone")))
    again = linked(CHAIN, "c", gone)
    assert told(again)[:2] == [
        ("a", "reuse", "same code, variables, environment and inputs as a-1"),
        ("b", "run", "it is gone"),
    ]
    assert again.jobs[1].inputs == (Input("run", "a", None, "a-1"),)


def test_a_run_made_elsewhere_serves_when_it_is_the_same_but_explains_nothing() -> None:
    elsewhere = Past(tuple(run._replace(here=False) for run in PAST.runs))
    assert linked(CHAIN, "c", elsewhere).jobs[0].run == "b-1"
    changed = linked(CHAIN, "c", elsewhere, code=Code("0ther"))
    assert changed.jobs[0].reason == "there is no former run"


def test_a_change_of_code_is_told_with_its_files() -> None:
    code = Code("0ther", {"train.py": "2", "lib.py": "1", "new.py": "1"})
    again = linked(CHAIN, "c", PAST, code=code)
    assert told(again)[0] == ("a", "run", "code changed since a-1 (new.py, train.py)")


def test_a_change_of_the_environment() -> None:
    assert told(linked(CHAIN, "c", PAST, environment="f"))[1] == (
        "b", "run", "environment changed since b-1",
    )  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"variables": (("A", "1"),)}, "variables changed since a-1"),
        ({"parameters": (("A", "1"),)}, "variables changed since a-1"),
        ({"launch": ShellCommands(("make b",))}, "its part of the workflow file changed since a-1"),
        ({"before": ("cd x",)}, "its part of the workflow file changed since a-1"),
        ({"artifacts": ()}, "its part of the workflow file changed since a-1"),
    ],
)
def test_what_makes_another_run(changes: dict[str, object], reason: str) -> None:
    changed = [*CHAIN[:2], workflow("a", **changes)]  # type: ignore[arg-type]
    again = linked(changed, "c", PAST)
    assert told(again)[0] == ("a", "run", reason)
    # and so does another input, whatever it may come to
    assert told(again)[1] == ("b", "run", "inputs changed since b-1")


@pytest.mark.parametrize(
    "changes",
    [
        {"resources": Resources(cpu=1, gpu=GpuRequest(1))},
        {"ports": Ports(free=1)},
        {"limits": Limits(60)},
        {"help": "a line"},
    ],
)
def test_what_does_not(changes: dict[str, object]) -> None:
    same = [*CHAIN[:2], workflow("a", **changes)]  # type: ignore[arg-type]
    assert linked(same, "c", PAST).jobs[0].action == "reuse"


def test_the_order_of_variables_does_not_matter() -> None:
    one = workflow("a", variables=(("A", "1"), ("B", "2")))
    other = workflow("a", variables=(("B", "2"), ("A", "1")))
    assert linked([one], "a").job.fingerprint == linked([other], "a").job.fingerprint


def test_the_last_run_is_taken_and_nothing_is_run() -> None:
    found = [workflow("b", last=("a",)), workflow("a")]
    past = Past(
        (
            PastRun("a-3", "a", None, here=False),
            PastRun("a-2", "a", None, here=True, unfit="it is gone"),
            PastRun("a-1", "a", None, here=True),
        )
    )
    again = linked(found, "b", past)
    assert told(again) == [("b", "run", "asked for")]
    assert again.job.inputs == (Input("last", "a", None, "a-1"),)


def test_a_last_run_that_is_not_there() -> None:
    (problem,) = refused([workflow("b", last=("a",)), workflow("a")], "b", Past())
    assert problem.message == "no run of `a` has succeeded here yet"
    assert "wf run a" in (problem.hint or "")
    (problem,) = refused([workflow("b", last=("aa",)), workflow("a")], "b", Past())
    assert problem.hint == "did you mean `a`?"


def refused(workflows: Sequence[Workflow], name: str, past: Past) -> tuple[Problem, ...]:
    """What keeps a plan from being made."""
    with pytest.raises(WfError) as caught:
        linked(workflows, name, past)
    assert caught.value.kind == UNSATISFIABLE
    return caught.value.problems


def tagged(workflow_name: str | None, tag: str = "v1") -> Workflow:
    return workflow("b", dependencies=(Dependency("tag", workflow_name, tag, ("b", 0)),))


def test_a_tag_names_a_run() -> None:
    past = Past(tags={"v1": TaggedRun("a-7", "a")})
    for name in (None, "a"):
        assert linked([tagged(name)], "b", past).job.inputs == (Input("tag", "a", "v1", "a-7"),)
    (problem,) = refused([tagged("other")], "b", past)
    assert problem.message == "the tag `v1` belongs to a run of `a`, not `other`"
    (problem,) = refused([tagged(None, "v2")], "b", past)
    assert problem.message == "no run carries the tag `v2`"
    assert problem.route == ("b", 0)


def test_another_run_behind_the_same_tag_is_another_input() -> None:
    one, other = (
        linked([tagged(None)], "b", Past(tags={"v1": TaggedRun(name, "a")})).job.fingerprint
        for name in ("a-7", "a-8")
    )
    assert one is not None
    assert other is not None
    assert one.difference(dict(other.parts)) == "inputs"


def test_all_that_is_missing_is_told_at_once() -> None:
    both = workflow("b", last=("x", "y"))
    assert len(refused([both], "b", Past())) == 2


def test_with_all_everything_is_run_and_the_last_run_is_the_one_made_now() -> None:
    found = linked([workflow("b", "c", last=("a",)), workflow("a"), workflow("c")], None, PAST)
    assert told(found) == [
        ("c", "run", "asked for"),
        ("a", "run", "asked for"),
        ("b", "run", "asked for"),
    ]
    assert found.job.inputs == (Input("run", "c"), Input("last", "a"))
    assert found.document()["workflow"] is None


@pytest.mark.parametrize("before", [False, True])
def test_what_was_simulated_never_stands_for_what_was_not(*, before: bool) -> None:
    gpu = Resources(gpu=GpuRequest(2))
    both = [workflow("first", resources=gpu), workflow("second", "first")]
    first = linked(both, "second", simulate_gpus=before).jobs[0]
    past = Past((run_of(first, "wet-mango-1"),))
    (same, _) = linked(both, "second", past, simulate_gpus=before).jobs
    (other, _) = linked(both, "second", past, simulate_gpus=not before).jobs
    assert same.action == "reuse"
    assert (other.action, other.reason) == ("run", "simulated GPUs changed since wet-mango-1")


# --- runs that are asked for again ----------------------------------------------------------------


def former_input(needed: str, run: str) -> FormerInput:
    made = next(job for job in BEFORE.jobs if job.workflow == needed)
    assert made.fingerprint is not None
    return FormerInput("run", needed, None, run, made.fingerprint.digest)


def test_what_the_former_run_was_given_is_taken_again_whatever_changed_since() -> None:
    past = Past(PAST.runs, inputs=(former_input("b", "b-7"),))
    found = linked(CHAIN, "c", past, code=Code("other", {}))
    assert told(found) == [
        ("b", "reuse", "b-7 is what the former run was given"),
        ("c", "run", "asked for"),
    ]
    assert found.job.inputs == (Input("run", "b", run="b-7"),)


def test_with_the_same_code_and_the_same_input_it_counts_as_the_same() -> None:
    past = Past(inputs=(former_input("b", "b-7"),))
    assert linked(CHAIN, "c", past).job.fingerprint == BEFORE.job.fingerprint
    other = Past(inputs=(former_input("b", "b-7")._replace(fingerprint="other"),))
    assert linked(CHAIN, "c", other).job.fingerprint != BEFORE.job.fingerprint


def test_what_it_was_given_counts_for_what_was_asked_for_alone() -> None:
    """`c` needs `b`, which needs `a`: that `c` was once given an `a` is nothing to `b`."""
    past = Past(inputs=(former_input("a", "a-7")._replace(mode="last"),))
    assert told(linked(CHAIN, "c", past))[0] == ("a", "run", "there is no former run")


@pytest.mark.parametrize("written", ["a", None])
def test_a_tag_means_the_run_that_it_meant_then(written: str | None) -> None:
    past = Past(
        tags={"v1": TaggedRun("a-9", "a")},
        inputs=(FormerInput("tag", "a", "v1", "a-7", None),),
    )
    job = linked([workflow("a"), tagged(written)], "b", past).job
    assert job.inputs == (Input("tag", "a", "v1", "a-7"),)


def test_a_resumed_run_is_taken_for_no_other_and_by_its_name_only() -> None:
    choices = [Choices(resumes=name) for name in (None, "a-1", "a-2")]
    jobs = [plan(workflow("a"), choice, FACTS, "3.11").job for choice in choices]
    prints = [
        link(
            [(workflow("a"), job)],
            Known(("a",), {"a": CODE}, {job.environment: "e"}, Past()),
        ).job.fingerprint
        for job in jobs
    ]
    assert len({found.digest for found in prints if found is not None}) == 3
    assert prints[1] is not None
    resumed = PastRun("a-3", "a", prints[1].digest, here=True, parts=prints[1].document())
    needs = [workflow("b", "a"), workflow("a")]
    assert told(linked(needs, "b", Past((resumed,))))[0] == (
        "a",
        "run",
        "a-3 went on from another run: it is none from start to end",
    )
