"""Workflows -> Plan: gathers facts, plans, asks the machine.

Together with ``files.py`` it tells, before a run exists, everything a user can have got wrong.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from runner.allocation import matching
from runner.document.settle import settle
from runner.engine.files import located
from runner.errors import UNSATISFIABLE, Problem, WfError, invalid
from runner.plan.plan import Choices
from runner.plan.planner import plan
from runner.units import quoted
from runner.workspace.project import Project

if TYPE_CHECKING:
    from collections.abc import Callable

    from runner.allocation.inventory import Inventory
    from runner.engine.files import WorkflowFiles
    from runner.plan.plan import Job, Plan
    from runner.spec.workflow import Resources, Workflow


def prepare(opened: WorkflowFiles, name: str, choices: Choices) -> Plan:
    """Plan a run of the workflow called ``name`` alone, without what it depends on.

    Raises:
        WfError: kind ``USAGE`` for an unknown workflow, ``INVALID`` for files it names that
            cannot be used.
    """
    workflow = opened.find(name)
    with located(opened.document(workflow)):
        return _plan(workflow, choices, Project(opened.root))


def _plan(workflow: Workflow, choices: Choices, project: Project) -> Plan:
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    return plan(workflow, choices, project.facts(workflow), own)


def check(opened: WorkflowFiles) -> list[Problem]:
    """Plan a run of every workflow, to see whether the files they name can be used.

    Given back is what those files say without effect.

    Raises:
        WfError: kind ``INVALID`` with all mistakes. One of a file that several workflows name is
            told once.
    """
    project = Project(opened.root)
    found: dict[tuple[object, ...], Problem] = {}
    notices: dict[tuple[object, ...], Problem] = {}
    for workflow in opened.workflows:
        try:
            with located(opened.document(workflow)):
                planned = _plan(workflow, Choices(), project)
            notices.update((_identity(notice), notice) for notice in planned.job.notices)
        except WfError as error:
            found.update((_identity(problem), problem) for problem in error.problems)
    if found:
        raise invalid(list(found.values()))
    return list(notices.values())


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
    if job.container is not None:
        return _no_containers(opened, job)
    machine = inventory(job.demand)
    lacking = matching.shortage(job.demand, machine)
    if lacking is None:
        return None
    workflow = opened.find(job.workflow)
    route = (*workflow.route("resources"), lacking.key)
    from_file = job.resources == workflow.resources
    nodes = "" if job.nodes == 1 else f" for its {job.nodes} nodes"
    message = f"{job.workflow} asks for {lacking.asked}{nodes}; this machine has {lacking.there}"
    hint = _instead(opened, workflow, lacking, machine)
    place = opened.document(workflow).place(route, at_key=True) if from_file else None
    return WfError(
        UNSATISFIABLE,
        message,
        hint=None if place else hint,
        problems=(Problem(message, route=route, place=place, hint=hint, code="unsatisfiable"),)
        if place
        else (),
    )


def _no_containers(opened: WorkflowFiles, job: Job) -> WfError:
    workflow = opened.find(job.workflow)
    image = job.container.image if job.container else ""
    message = (
        f"{job.workflow} runs in the image {quoted(image)}, and wf does not start containers yet"
    )
    hint = f"`wf run {job.workflow} --executor local` runs its commands on this machine"
    problem = Problem(message, route=workflow.route("image"), hint=hint, code="unsatisfiable")
    settle(opened.document(workflow), problem)
    return WfError(UNSATISFIABLE, message, problems=(problem,))


def _instead(
    opened: WorkflowFiles, workflow: Workflow, lacking: matching.Shortage, machine: Inventory
) -> str:
    """What to type instead: the same workflow with less, or its twin that fits this machine."""
    nodes = workflow.nodes
    less = {
        "gpu": f"--gpus {len(machine.gpus) // nodes}",
        "cpu": f"--cpus {len(machine.cores) // nodes}",
        "memory": f"--memory {machine.memory // nodes // 10**6}MB",
    }[lacking.key]
    hint = f"`wf run {workflow.name} {less}` runs it with what is here"
    for twin in opened.workflows:
        same = twin.launch == workflow.launch and twin.name != workflow.name
        if same and matching.shortage(twin.resources, machine) is None:
            return f"{hint}, and so does `wf run {twin.name}`"
    return hint
