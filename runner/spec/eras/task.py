"""Today's format: one task a file, ``type: task`` in ``*.dstack.yml`` (0.10 and later)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from runner.errors import Problem
from runner.spec.eras import kinds
from runner.spec.eras.mounts import misplaced
from runner.spec.images import python_of
from runner.spec.interpolation import SHELL_KEYS
from runner.spec.mistakes import MAX_PROBLEMS, translate
from runner.spec.profiles import NO_PROFILE
from runner.spec.task_effects import otherwise, outside, without
from runner.spec.task_forms import TaskForm
from runner.spec.text import kind_of
from runner.spec.workflow import (
    PROGRAM,
    Container,
    EnvironmentRequest,
    FileCopy,
    Limits,
    Ports,
    Resources,
    ShellCommands,
    Workflow,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from runner.document.document import Document
    from runner.errors import Route
    from runner.spec.interpolation import Scope
    from runner.spec.profiles import Profile

# texts that are used, if at all, where wf's own variables are not known
_RAW = frozenset({"volumes"})
# pairs of keys that say two things about one container
EXCLUDED = (("image", "python"), ("image", "docker"), ("docker", "python"), ("docker", "nvcc"))
# keys of the older formats, and what became of them
_BECAME = {
    "provider": "take it out: `type: task` says it",
    "help": "write it as a comment",
    "requirements": "write `- pip install -r …` below `commands:`",
    "environment": "write `env:`",
    "depends-on": "today's format has no dependencies; write them in .dstack/workflows.yaml",
    "deps": "today's format has no dependencies; write them in .dstack/workflows.yaml",
    "before_run": "write its lines in front of `commands`",
}


def read(
    document: Document,
    scope_of: Callable[[str], Scope],
    problems: list[Problem],
    profile: Profile | None = None,
) -> tuple[Workflow, ...]:
    """The one workflow of a file, or none; mistakes are added to ``problems``."""
    data = document.root.data()
    if not isinstance(data, dict):
        message = f"a mapping is wanted here, not {kind_of(data)}"
        problems.append(Problem(message, hint="start the file with `type: task`"))
        return ()
    fault = kinds.mistake(data)
    if fault is not None:
        problems.append(fault)
        return ()
    # an empty value (`env:` with its lines commented out) is as good as no key at all
    written = {key: value for key, value in data.items() if value is not None}
    named = written.get("name")
    name = named if isinstance(named, str) else kinds.name_of(document.file)
    scope = scope_of(name)
    resolved = _resolved(written, scope)
    problems += scope.problems
    if scope.problems:
        return ()
    before = len(problems)
    problems += _mistakes(resolved)
    found = _form({"name": name, **resolved}, problems)
    if found is not None:
        problems += misplaced(found.volumes, _container(found, resolved))
    if found is None or len(problems) > before:
        return ()
    return (_workflow(found, resolved, scope, profile or NO_PROFILE),)


def _resolved(written: Mapping[str, Any], scope: Scope) -> dict[str, Any]:
    """The values with expressions in them replaced, or referred to where a shell reads them."""
    # behind an entrypoint the commands are its words, and no shell reads them
    in_shell = SHELL_KEYS - ({"commands"} if "entrypoint" in written else set())
    return {
        key: value if key in _RAW else scope.of_key(key, value, (key,), in_shell=key in in_shell)
        for key, value in written.items()
    }


def _mistakes(written: dict[str, Any]) -> list[Problem]:
    """What is wrong with the whole; keys of older formats are taken out as they are told."""
    found = [
        Problem(
            f"`{key}` is no key of a task",
            route=(key,),
            at_key=True,
            hint=hint,
            code="unknown-key",
        )
        for key, hint in _BECAME.items()
        if written.pop(key, None) is not None
    ]
    found += [
        Problem(
            f"`{first}` and `{second}` exclude each other",
            route=(second,),
            at_key=True,
            hint="keep one of them",
        )
        for first, second in EXCLUDED
        if not {str(written.get(key, "false")).lower() for key in (first, second)} & {"false"}
    ]
    if not written.get("commands") and "image" not in written and "groups" not in written:
        message = "a task needs `commands`, or an `image` that has its own"
        found.append(Problem(message, hint="add `commands:` and `- …` below it", code="missing"))
    return found


def _form(written: Mapping[str, Any], problems: list[Problem]) -> TaskForm | None:
    try:
        return TaskForm.model_validate(written)
    except ValidationError as error:
        details = error.errors(include_url=False)[:MAX_PROBLEMS]
        problems += [translate(one, TaskForm, ()) for one in details]
        return None


def _workflow(
    read: TaskForm, written: Mapping[str, Any], scope: Scope, profile: Profile
) -> Workflow:
    asked = read.resources.resources() if read.resources else profile.resources
    limits = Limits(read.max_duration or None, read.stop_duration or None)
    return Workflow(
        name=read.name or kinds.UNNAMED,
        launch=_launch(read, takes_args=scope.takes_args),
        provider="task",
        help=None,
        environment=EnvironmentRequest(
            python_of(read.image or "") or read.python, as_of=read.as_of
        ),
        variables=read.env.given,
        artifacts=tuple(artifact.request() for artifact in read.artifacts),
        resources=asked or Resources(),
        working_dir=read.working_dir,
        routes=_routes(written),
        parameters=tuple(scope.variables.items()),
        before=(*read.build, *read.setup),
        required=read.env.required,
        container=None if read.image is None else _container(read, written),
        box=_container(read, written)._replace(image=""),
        nodes=read.nodes,
        ports=Ports(tuple(dict.fromkeys(port.number for port in read.ports))),
        files=tuple(
            FileCopy(file.local, file.target)
            for file in read.files
            if file.local is not None and file.target is not None
        ),
        limits=profile.limits(limits, written),
        retry=profile.retry(read.retries(), written),
        interruptible=profile.interruptible(read.spot_policy),
        secrets=tuple(scope.secrets),
        notices=(*without(read, written), *otherwise(read, written), *profile.notices),
        outside=tuple(outside(read, written)),
    )


def _launch(read: TaskForm, *, takes_args: bool) -> ShellCommands:
    shell = read.shell or ("sh" if read.image else "bash")
    if not read.entrypoint:
        return ShellCommands(read.commands, takes_args, shell=shell)
    words = (*read.entrypoint, *read.commands)
    return ShellCommands(PROGRAM, takes_args=True, args=words, shell=shell)


def _container(read: TaskForm, written: Mapping[str, Any]) -> Container:
    auth = read.registry_auth
    working_dir = str(written.get("working_dir", "")) if read.image else ""
    return Container(
        image=read.image or "",
        user=read.user,
        privileged=read.privileged,
        registry_auth=(auth.username, auth.password) if auth else None,
        working_dir=working_dir if working_dir.startswith(("/", "~")) else None,
        home_dir=read.home_dir,
        volumes=tuple(volume for volume in read.volumes if volume.source.startswith("/")),
    )


def _routes(written: Mapping[str, Any]) -> dict[str, Route]:
    """``name`` may not be there: then it leads to the file's first key.

    A variable that a list names has a route of its own, ``variables.NAME``.
    """
    neutral = {"env": "variables"}
    found: dict[str, Route] = {"name": ("name",)}
    found.update((neutral.get(key, key), (key,)) for key in written)
    listed = written.get("env")
    for index, item in enumerate(listed if isinstance(listed, list) else []):
        found[f"variables.{str(item).partition('=')[0]}"] = ("env", index)
    return found
