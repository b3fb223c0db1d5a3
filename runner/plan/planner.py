"""The planner: a workflow, what the command line chose and what the project holds -> Plan.

It reads no disk, no clock and no hardware; all of that comes in as values.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.errors import USAGE, Problem, WfError, invalid
from runner.plan import secrets
from runner.plan.facts import asked_day, script_path
from runner.plan.missing import unusable
from runner.plan.plan import LOCAL, Job, Plan
from runner.plan.sources.gather import Wanted, sources
from runner.spec.workflow import ShellCommands

if TYPE_CHECKING:
    from runner.plan.facts import ProjectFacts
    from runner.plan.plan import Choices
    from runner.spec.workflow import Container, Launch, Workflow


def plan(workflow: Workflow, choices: Choices, project: ProjectFacts, default_python: str) -> Plan:
    """Decide what a run of ``workflow`` does.

    ``default_python`` is the version used where neither file nor command line names one.

    Raises:
        WfError: kind ``INVALID`` with every file that is missing or cannot be used; ``USAGE`` for
            words and variables of the caller's that do not fit, and for secrets that are not there.
    """
    problems = _working_dir(workflow, project) or _script(workflow, project)
    asked = choices.python or workflow.environment.python
    wanted = Wanted(asked, default_python)
    found = sources(workflow, project, wanted)
    problems += found.problems
    problems += _files(workflow, project)
    problems += _nothing_to_run(workflow, choices)
    if problems:
        raise invalid(problems)
    given = secrets.given(workflow, choices, project)
    passed = _passed(workflow, choices, given)
    resources = choices.resources(workflow.resources)
    simulated = resources.gpu.count if choices.simulate_gpus and resources.gpu else 0
    if simulated:
        resources = replace(resources, gpu=None)
    environment = replace(
        found.spec(wanted, workflow.environment.packages),
        accelerator="cuda" if resources.gpu is not None and resources.gpu.count else "cpu",
    )
    if asked_day(workflow, choices) is not None:
        from runner.plan.as_of import then

        environment = then(environment, workflow, choices, project, any_python=asked is None)
    elif choices.as_of is not None:
        environment = replace(environment, as_of=None)
    if choices.locked is not None:
        environment = environment.taken_from(choices.locked)
    job = Job(
        workflow=workflow.name,
        provider=workflow.provider,
        action="run",
        reason="asked for",
        launch=_launch(workflow, choices.args),
        environment=environment,
        parameters=workflow.parameters,
        variables=tuple(
            (name, value)
            for name, value in secrets.variables(workflow, choices)
            if name not in passed
        ),
        artifacts=workflow.artifacts,
        resources=resources,
        working_dir=workflow.working_dir,
        before=workflow.before,
        nodes=workflow.nodes,
        ports=workflow.ports,
        service=workflow.service,
        files=workflow.files,
        container=_container(workflow, choices),
        edits=workflow.edits,
        limits=choices.limits(workflow.limits),
        retry=workflow.retry,
        interruptible=workflow.interruptible,
        passed=passed,
        secrets=given,
        expanded=tuple(name for name in workflow.expanded if name not in dict(choices.variables)),
        notices=tuple(found.notices),
        simulated=simulated,
        chosen=choices,
    )
    return Plan((job,))


def _container(workflow: Workflow, choices: Choices) -> Container | None:
    """The container to run in: none where the image is only another word for a Python."""
    container = workflow.container
    if container is None or choices.executor == LOCAL:
        return None
    from runner.spec.images import python_of

    return None if python_of(container.image) else container


def _nothing_to_run(workflow: Workflow, choices: Choices) -> list[Problem]:
    """An image may have a command of its own, but only where there is a container."""
    launch, container = workflow.launch, workflow.container
    if container is None or not isinstance(launch, ShellCommands) or launch.commands:
        return []
    if _container(workflow, choices) is not None:
        return []
    message = f"`{workflow.name}` has no `commands`, and runs without its image"
    hint = "the image's own command lies in the image; add `commands: …`"
    return [Problem(message, route=workflow.route("image"), hint=hint, code="missing")]


def _launch(workflow: Workflow, args: tuple[str, ...]) -> Launch:
    if not args:
        return workflow.launch
    if not isinstance(workflow.launch, ShellCommands) or workflow.launch.takes_args:
        return replace(workflow.launch, args=(*workflow.launch.args, *args))
    raise WfError(
        USAGE,
        f"no command of `{workflow.name}` takes the words after `--`",
        hint="use them in a command as ${{ run.args }}, or pass a variable: -e NAME=value",
    )


def _working_dir(workflow: Workflow, project: ProjectFacts) -> list[Problem]:
    fact = project.files[workflow.working_dir]
    if fact.kind == "directory":
        return []
    message = f"the folder `{workflow.working_dir}` does not exist in the project"
    return [Problem(message, route=workflow.route("working_dir"), hint="create it", code="missing")]


def _script(workflow: Workflow, project: ProjectFacts) -> list[Problem]:
    path = script_path(workflow)
    if path is None:
        return []
    return unusable(path, project.files[path], workflow.route("script"), "script")


def _files(workflow: Workflow, project: ProjectFacts) -> list[Problem]:
    """Files to be put elsewhere, each of which must be there, or be a folder."""
    problems = []
    for index, file in enumerate(workflow.files):
        route = workflow.route("files")
        route = (*route, index) if "files" in workflow.routes else route
        fact = project.files[file.local]
        if fact.kind != "directory":
            problems += unusable(file.local, fact, route, "file")
    return problems


def _passed(workflow: Workflow, choices: Choices, secret: tuple[str, ...]) -> tuple[str, ...]:
    """Variables whose values are the caller's; today's format wants some of them to be set."""
    given = {*dict(choices.variables), *secret}
    wanted = tuple(name for name in workflow.required if name not in given)
    unset = [name for name in wanted if choices.caller is not None and name not in choices.caller]
    if unset:
        names = ", ".join(f"`{name}`" for name in unset)
        what = "variable" if len(unset) == 1 else "variables"
        message = f"`{workflow.name}` needs the {what} {names}"
        hint = "set it: " + " ".join(f"-e {name}=value" for name in unset)
        own = workflow.routes.get(f"variables.{unset[0]}")
        route = own or workflow.route("variables")
        problem = Problem(message, route=route, hint=hint, code="unset")
        raise WfError(USAGE, message, problems=(problem,))
    return tuple(dict.fromkeys((*wanted, *choices.passed)))
