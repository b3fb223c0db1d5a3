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
from runner.plan.plan import DOCKER, LOCAL, Job, Plan
from runner.plan.sources.gather import Wanted, sources
from runner.spec.workflow import ShellCommands

if TYPE_CHECKING:
    from runner.plan.environment import LockedRun
    from runner.plan.facts import ProjectFacts
    from runner.plan.plan import Choices
    from runner.spec.workflow import ArtifactRequest, Container, Launch, Workflow


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
    problems += _elsewhere(workflow, choices)
    problems += secrets.written_out(workflow, _container(workflow, choices, ""))
    if problems:
        raise invalid(problems)
    given = secrets.given(workflow, choices, project, _container(workflow, choices, ""))
    passed = _passed(workflow, choices, given)
    resources = choices.resources(workflow.resources)
    simulated = resources.gpu.count if choices.simulate_gpus and resources.gpu else 0
    if simulated:
        resources = replace(resources, gpu=None)
    spec = found.spec(wanted, workflow.environment.packages)
    environment = replace(
        spec, accelerator="cuda" if resources.gpu is not None and resources.gpu.count else "cpu"
    )
    if asked_day(workflow, choices) is not None:
        from runner.plan.as_of import then

        environment = then(environment, workflow, choices, project, any_python=asked is None)
    elif choices.as_of is not None:
        environment = replace(environment, as_of=None)
    if choices.locked is not None:
        environment = environment.taken_from(choices.locked)
    container = _container(workflow, choices, environment.python)
    if container is None:
        _check_locked(choices.locked)
    if container is not None:
        free = asked is None and choices.locked is None
        environment = replace(environment, image=container.image)
        if free and not _is_made_for(container, workflow, choices):
            environment = replace(environment, any_python=True, python_reason=None)
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
        artifacts=_artifacts(workflow, container),
        resources=resources,
        working_dir=workflow.working_dir,
        before=workflow.before,
        nodes=workflow.nodes,
        ports=workflow.ports,
        service=workflow.service,
        files=workflow.files,
        container=container,
        edits=workflow.edits,
        limits=choices.limits(workflow.limits),
        retry=workflow.retry,
        interruptible=workflow.interruptible,
        passed=passed,
        secrets=given,
        expanded=tuple(name for name in workflow.expanded if name not in dict(choices.variables)),
        notices=(*(() if container else workflow.outside), *found.notices),
        simulated=simulated,
        chosen=choices,
    )
    return Plan((job,))


def _container(workflow: Workflow, choices: Choices, python: str) -> Container | None:
    """The container to run in.

    There is none where the image is only another word for a Python, and there is no daemon.
    """
    container = workflow.container
    if choices.executor == LOCAL:
        return None
    if container is None:
        former = choices.locked and choices.locked.image
        base = former.name if former else choices.base_image.replace("{python}", python)
        return workflow.box._replace(image=base) if choices.executor == DOCKER else None
    if choices.containers or choices.executor == DOCKER:
        return container
    from runner.spec.images import python_of

    return None if python_of(container.image) else container


def _check_locked(run: LockedRun | None) -> None:
    """What an image has cannot be had without it.

    Raises:
        WfError: kind ``USAGE`` if that is all that the former run had.
    """
    if run is not None and run.image is not None and run.bare:
        raise WfError(
            USAGE,
            f"the environment of {run.run} is that of its image: {run.image.name}",
            hint="--executor docker takes it",
        )


def _artifacts(workflow: Workflow, container: Container | None) -> tuple[ArtifactRequest, ...]:
    """What is to be kept: ``~`` is the home folder inside, where there is a container."""
    if container is None:
        return workflow.artifacts
    return tuple(
        one._replace(path=container.home + one.path[1:]) if one.path.startswith("~/") else one
        for one in workflow.artifacts
    )


def _is_made_for(container: Container, workflow: Workflow, choices: Choices) -> bool:
    """Whether wf has chosen the image for the Python of the environment."""
    return workflow.container is None and container.image != choices.base_image


def _nothing_to_run(workflow: Workflow, choices: Choices) -> list[Problem]:
    """An image may have a command of its own, but only where there is a container."""
    launch, container = workflow.launch, workflow.container
    if container is None or not isinstance(launch, ShellCommands) or launch.commands:
        return []
    if _container(workflow, choices, "") is not None:
        return []
    message = f"`{workflow.name}` has no `commands`, and runs without its image"
    hint = "the image's own command lies in the image; add `commands: …`"
    return [Problem(message, route=workflow.route("image"), hint=hint, code="missing")]


def _elsewhere(workflow: Workflow, choices: Choices) -> list[Problem]:
    """Folders of this machine that the job wants at other places, which takes a container."""
    volumes = (workflow.container or workflow.box).volumes
    moved = [one for one in volumes if one.source != one.path and not one.optional]
    if not moved or _container(workflow, choices, "") is not None:
        return []
    source, path, _ = moved[0]
    message = f"`{source}` can be mounted at `{path}` in a container only"
    hint = f"add --executor docker, or write {source} in the commands and take the volume out"
    return [Problem(message, route=workflow.route("volumes"), hint=hint)]


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
