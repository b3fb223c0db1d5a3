"""Workflows -> Plan: gathers facts, plans, asks the machine.

Together with ``files.py`` it tells, before a run exists, everything a user can have got wrong.
"""

from __future__ import annotations

import sys
from functools import cache, partial
from typing import TYPE_CHECKING, NamedTuple

from runner.allocation.matching import fitting
from runner.document.settle import settle
from runner.engine.files import located
from runner.errors import UNSATISFIABLE, Problem, WfError, invalid
from runner.plan.facts import ThenFacts, asked_day
from runner.plan.plan import Choices
from runner.plan.planner import plan
from runner.spec.workflow import COMMIT
from runner.workspace.project import Project
from runner.workspace.source import Git

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.allocation.inventory import Inventory
    from runner.engine.files import WorkflowFiles
    from runner.plan.facts import History, ProjectFacts
    from runner.plan.plan import Job, Plan
    from runner.spec.workflow import Resources, Workflow


class Then(NamedTuple):
    """What tells of the past and of this machine, asked only where a plan is as of a day.

    ``today`` is the day it is (ISO 8601, UTC); ``history`` asks git about files, ``pythons`` which
    versions are on this machine.
    """

    today: str
    history: Callable[[tuple[str, ...]], History | None]
    pythons: Callable[[], tuple[str, ...]]


def prepare(  # noqa: PLR0913 - all that a plan depends on
    opened: WorkflowFiles,
    name: str,
    choices: Choices,
    then: Then,
    secrets: tuple[str, ...] | None = None,
    *,
    project: Project | None = None,
) -> Plan:
    """Plan a run of the workflow called ``name`` alone, without what it depends on.

    ``secrets`` are the names of the project's; ``None``: they do not matter. ``project`` is the
    folder as far as it was looked at for other workflows.

    Raises:
        WfError: kind ``USAGE`` for an unknown workflow, ``INVALID`` for files it names that
            cannot be used.
    """
    workflow = opened.find(name)
    with located(partial(opened.document, workflow)):
        return _plan(workflow, choices, project or Project(opened.root), then, secrets)


def _plan(
    workflow: Workflow,
    choices: Choices,
    project: Project,
    then: Then,
    secrets: tuple[str, ...] | None = None,
) -> Plan:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    facts = project.facts(workflow)._replace(secrets=secrets)
    if asked_day(workflow, choices) is not None:
        facts = facts._replace(then=_then(workflow, choices, project, facts, then))
    return plan(workflow, choices, facts, own)


def _then(
    workflow: Workflow, choices: Choices, project: Project, facts: ProjectFacts, then: Then
) -> ThenFacts:
    """What a plan as of a day depends on, and nothing that it does not."""
    from runner.plan.as_of import dated, undeclared

    found = ThenFacts(then.today)
    if asked_day(workflow, choices) == COMMIT:
        paths = dated(workflow, facts) or (project.first(undeclared(workflow)),)
        found = found._replace(history=then.history(paths))
    if choices.python is None and workflow.environment.python is None:
        found = found._replace(pythons=then.pythons())
    return found


def check(opened: WorkflowFiles, today: str, variables: Mapping[str, str]) -> tuple[Job, ...]:
    """Plan a run of every workflow, to see whether the files they name can be used.

    ``today`` is the day it is (ISO 8601, UTC), ``variables`` are the caller's.

    Raises:
        WfError: kind ``INVALID`` with all mistakes. One of a file that several workflows name is
            told once.
    """
    project = Project(opened.root)
    then = Then(today, cache(Git(opened.root, variables).history), tuple)
    found: dict[tuple[object, ...], Problem] = {}
    jobs: list[Job] = []
    for workflow in opened.workflows:
        try:
            with located(partial(opened.document, workflow)):
                jobs.append(_plan(workflow, Choices(), project, then).job)
        except WfError as error:
            found.update((_identity(problem), problem) for problem in error.problems)
    if found:
        raise invalid(list(found.values()))
    return tuple(jobs)


def _identity(problem: Problem) -> tuple[object, ...]:
    place = problem.place
    return (problem.message, place and (place.file, place.line, place.column))


def shortage(
    opened: WorkflowFiles, planned: Plan, inventory: Callable[[Resources], Inventory]
) -> WfError | None:
    """Why this machine can never run the plan, or ``None``: kind ``UNSATISFIABLE``."""
    found = (shortage_of(opened, job, inventory) for job in planned.to_run)
    return next((lacking for lacking in found if lacking is not None), None)


def shortage_of(
    opened: WorkflowFiles, job: Job, inventory: Callable[[Resources], Inventory]
) -> WfError | None:
    """Why this machine can never run one job, or ``None``: kind ``UNSATISFIABLE``."""
    machine = inventory(job.demand)
    lacking = fitting.shortage(job.demand, machine)
    if lacking is None:
        return None
    workflow = opened.find(job.workflow)
    route = (*workflow.route("resources"), lacking.key)
    from_file = job.resources == workflow.resources
    nodes = "" if job.nodes == 1 else f" for its {job.nodes} nodes"
    message = f"{job.workflow} asks for {lacking.asked}{nodes}; this machine has {lacking.there}"
    hint = _instead(opened, workflow, job, machine)
    place = opened.document(workflow).place(route, at_key=True) if from_file else None
    return WfError(
        UNSATISFIABLE,
        message,
        hint=None if place else hint,
        problems=(Problem(message, route=route, place=place, hint=hint, code="unsatisfiable"),)
        if place
        else (),
    )


def without_conda(
    opened: WorkflowFiles, planned: Plan, variables: Mapping[str, str]
) -> WfError | None:
    """Why the first job of a plan that calls conda cannot go here, or ``None``."""
    for job in planned.to_run:
        if not job.uses_conda or job.container is not None:
            continue
        from runner.environments.conda.find import absent, find

        if find(variables) is None:
            workflow, error = opened.find(job.workflow), absent(job.workflow)
            route = workflow.route("commands")
            problem = Problem(error.message, route=route, hint=error.hint, code="environment")
            settle(opened.document(workflow), problem)
            return WfError(error.kind, error.message, problems=(problem,))
    return None


def _instead(opened: WorkflowFiles, workflow: Workflow, job: Job, machine: Inventory) -> str:
    """What to type instead: the same workflow with less, or its twin that fits this machine."""
    less = fitting.reduced(job.resources, job.nodes, machine)
    smaller = f"`wf run {workflow.name}{_options(job.resources, less)}`"
    lacking = fitting.shortage(less.times(job.nodes), machine)
    if lacking is None:
        hint, also = f"{smaller} runs it with what is here", ", and so does `wf run {}`"
    else:
        also = "; `wf run {}` runs the same with what is here"
        if lacking.key == "shm_size":
            hint = f"{_more_shared(job.demand.shm_size or 0)}, as root, makes room for it"
            hint += "" if less == job.resources else f"; {smaller} then runs it with what is here"
        else:
            hint = f"write a smaller `nodes`: {job.nodes} are too many for this machine"
    for twin in opened.workflows:
        same = twin.launch == workflow.launch and twin.name != workflow.name
        if same and fitting.shortage(twin.resources.times(twin.nodes), machine) is None:
            hint += also.format(twin.name)
            break
    if job.resources.gpu is not None and not machine.gpus:
        hint += "; with `--simulate-gpus` ranks on the CPU stand in for GPUs"
    return hint


def _options(asked: Resources, less: Resources) -> str:
    """What to write behind the workflow's name for less than it asks for."""
    options = []
    if less.gpu != asked.gpu:
        options.append(f" --gpus {less.gpu.count if less.gpu else 0}")
    if less.cpu != asked.cpu:
        options.append(f" --cpus {less.cpu}")
    if less.memory is not None and less.memory != asked.memory:
        options.append(f" --memory {less.memory // 10**6}MB")
    return "".join(options)


def _more_shared(size: int) -> str:
    """The command that makes the machine's shared memory so large."""
    whole, rest = divmod(size, 2**30)
    return (
        f"`mount -o remount,size={-(-size // 2**20)}m /dev/shm`"
        if rest
        else (f"`mount -o remount,size={whole}g /dev/shm`")
    )
