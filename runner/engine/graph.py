"""Text -> Plan, for a workflow with all it depends on, or for a whole project."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cache
from typing import TYPE_CHECKING

from runner.document.settle import settle
from runner.engine.containing import with_image_ids
from runner.engine.prepare import Then, prepare
from runner.errors import WfError
from runner.plan.facts import Past
from runner.plan.graph import closure, everything
from runner.plan.plan import Choices
from runner.plan.reuse import Known, link
from runner.records.past import gather, inputs_of, unfit
from runner.workspace.project import Project

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from runner.engine.basis import Basis
    from runner.engine.files import WorkflowFiles
    from runner.engine.parts import Parts
    from runner.environments.cache import EnvironmentCache
    from runner.errors import Problem
    from runner.plan.environment import EnvironmentSpec
    from runner.plan.facts import Code, FormerInput
    from runner.plan.plan import Job, Plan
    from runner.records.store import Records
    from runner.spec.workflow import Workflow


@dataclass(frozen=True, slots=True)
class Asked:
    """What a command asks for: one workflow, or all of them where ``workflow`` is ``None``.

    ``choices`` are for what was asked for; what it depends on is as the file says, but for where it
    runs and for GPUs that are simulated: then they are so for all. ``fresh``: nothing is reused.
    ``today`` is the day it is (ISO 8601, UTC). ``former`` is the run that is asked for again: what
    it was given of others is taken once more.
    """

    workflow: str | None
    choices: Choices
    today: str
    fresh: bool = False
    former: str | None = None


def plan_graph(
    opened: WorkflowFiles, asked: Asked, basis: Basis, parts: Parts
) -> tuple[Plan, Basis]:
    """Plan what was asked for and what it depends on.

    The basis that is given back knows the digests of the code.

    Raises:
        WfError: as :func:`~runner.engine.prepare.prepare`; kind ``UNSATISFIABLE`` when a run that
            is needed is not there.
    """
    name = asked.workflow
    if name is None:
        workflows = everything(opened.workflows)
    else:
        opened.find(name)
        workflows = closure(name, opened.workflows)
    then = Then(asked.today, cache(basis.git.history), cache(parts.environments.interpreters))
    secrets = parts.secrets.names(opened.root)
    project = Project(opened.root)

    def planned_alone(workflow: Workflow) -> Job:
        choices = _choices(asked, workflow)
        return prepare(opened, workflow.name, choices, then, secrets, project=project).job

    alone = with_image_ids(map(planned_alone, workflows), parts)
    jobs = list(zip(workflows, alone, strict=True))
    made = _digested(basis, jobs, parts.own_folders, asked.choices.file)
    again: tuple[FormerInput, ...] = ()
    if asked.former is not None and not asked.fresh:
        again = inputs_of(parts.records, asked.former)
    names = tuple(workflow.name for workflow in opened.workflows)
    known = Known(names, *_known(jobs, made, parts.environments), Past())
    made_of: dict[str, str] = {}
    unfit: dict[str, str] = {}
    try:
        # which runs may serve depends on what they would have to be the same as
        while True:
            past = _past(jobs, parts.records, basis, made_of, unfit)._replace(inputs=again)
            planned = link(
                jobs, replace(known, past=past), fresh=asked.fresh, everything=name is None
            )
            learnt = {**made_of, **_fingerprints(planned)}
            found = {**unfit, **_unfit(planned, parts.records, past)}
            if (learnt, found) == (made_of, unfit):
                return planned, made
            made_of, unfit = learnt, found
    except WfError as error:
        _settle(error.problems, jobs, opened)
        raise


def _choices(asked: Asked, workflow: Workflow) -> Choices:
    if asked.workflow in {None, workflow.name}:
        return asked.choices
    chosen = asked.choices
    return Choices(
        executor=chosen.executor,
        simulate_gpus=chosen.simulate_gpus,
        file=chosen.file,
        containers=chosen.containers,
        base_image=chosen.base_image,
    )


def _digested(
    basis: Basis,
    jobs: Sequence[tuple[Workflow, Job]],
    own_folders: tuple[Path, ...],
    file: str | None,
) -> Basis:
    scripts = [path for _, job in jobs for path in job.needs]
    only: list[str] = []
    if all(workflow.code for workflow, _ in jobs):
        only = [*scripts, *(path for found, job in jobs for path in _code(found, job))]
    return basis.with_scripts(scripts).digested(own_folders, only, file)


def _known(
    jobs: Sequence[tuple[Workflow, Job]], basis: Basis, environments: EnvironmentCache
) -> tuple[dict[str, Code], dict[EnvironmentSpec, str]]:
    """The code of each workflow, and the fingerprint of each environment."""
    digested = basis.code
    assert digested is not None  # noqa: S101 - made by _digested
    specs = {job.environment for _, job in jobs}
    return (
        {job.workflow: digested.code(_code(found, job), job.script) for found, job in jobs},
        {spec: _counts_as(spec) or environments.fingerprint(spec) for spec in specs},
    )


def _counts_as(spec: EnvironmentSpec) -> str | None:
    """What an environment counts as that is taken from the very run that is repeated."""
    return None if spec.locked is None else spec.locked.counts_as


def _code(workflow: Workflow, job: Job) -> tuple[str, ...]:
    """The paths that the job's code is; none: all of the project."""
    return (*workflow.code, *job.sources) if workflow.code else ()


def _past(
    jobs: Sequence[tuple[Workflow, Job]],
    records: Records,
    basis: Basis,
    made_of: Mapping[str, str],
    unfit: Mapping[str, str],
) -> Past:
    needed = [found for workflow, _ in jobs for found in workflow.dependencies]
    workflows = [found.workflow for found in needed if found.workflow and not found.tag]
    return gather(
        records,
        {workflow: made_of.get(workflow) for workflow in workflows},
        dict.fromkeys(found.tag for found in needed if found.tag),
        str(basis.project),
        unfit,
    )


def _fingerprints(planned: Plan) -> dict[str, str]:
    """What a former run of each job would have to be the same as, where one may serve."""
    if planned.everything:
        return {}
    asked = planned.job
    return {
        job.workflow: job.fingerprint.digest
        for job in planned.jobs
        if job is not asked and job.fingerprint is not None
    }


def _unfit(planned: Plan, records: Records, past: Past) -> dict[str, str]:
    """Runs that the plan counts on and that cannot serve, each with the reason."""
    again = {given.run for given in past.inputs}
    same = {job.run for job in planned.jobs if job.run is not None} - again
    last = {
        given.run
        for job in planned.to_run
        for given in job.inputs
        if given.mode == "last" and given.run is not None and given.run not in again
    }
    return {
        run: reason
        for run in sorted(same | last)
        if (reason := unfit(records, run, same=run in same)) is not None
    }


def _settle(
    problems: Sequence[Problem], jobs: Sequence[tuple[Workflow, Job]], opened: WorkflowFiles
) -> None:
    """Give problems their places: a route leads into the file of the workflow that has it."""
    for problem in problems:
        for workflow, _ in jobs:
            if any(needed.route == problem.route for needed in workflow.dependencies):
                settle(opened.document(workflow), problem)
                break
