"""The keys of an exported task, and the comments for what they cannot say.

What that format has no counterpart for is not dropped in silence: it stands in a comment.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from runner import envvars
from runner.spec.days import end
from runner.spec.export.commands import commands, kept, refers, texts
from runner.spec.export.notes import Notes
from runner.spec.export.resources import resources
from runner.spec.export.text import comments, entries
from runner.spec.interpolation import exported, reference_name
from runner.spec.task_effects import SPOT
from runner.spec.workflow import COMMIT, ShellCommands

if TYPE_CHECKING:
    from runner.spec.workflow import Dependency, Retry, Workflow

# 0.22.5:_internal/core/models/configurations.py, PythonVersion
_PYTHONS = frozenset(f"3.{minor}" for minor in range(9, 16))
# 0.22.5: what the server takes for a run's name
_NAME_LENGTH = 41
_FOR_EVER = "3650d"
_FIRST_PORT = 8000


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of today's format: its ``name``, its ``text``, and what it could not say.

    ``lost`` has a sentence for each part of the workflow that has no counterpart.
    """

    name: str
    text: str
    lost: tuple[str, ...]


def export(workflow: Workflow, project: str = ".") -> Exported:
    """The workflow as a task of today's dstack.

    ``project`` is the project folder as seen from the folder that the file will lie in.
    """
    notes = Notes()
    name = _name(workflow.name)
    if name != workflow.name:
        notes.say("name", f"was `{workflow.name}`, which is no name there")
    keys = {"type": "task", "name": name, **_task(workflow, project, notes)}
    _lost(workflow, notes)
    head = [
        f"Made by `wf export {workflow.name}`" + (f" from {workflow.file}." * bool(workflow.file))
    ]
    if workflow.help:
        head.append(workflow.help)
    if notes.lost:
        head += ["", "Without a counterpart in this format:"]
        head += [f"- {sentence}" for sentence in notes.lost]
    lines = [*comments(head), *entries(keys, notes)]
    return Exported(name, "\n".join(lines) + "\n", tuple(notes.lost))


def _name(written: str) -> str:
    """The nearest name that the server takes: ``^[a-z][a-z0-9-]{1,40}$``."""
    plain = re.sub(r"[^a-z0-9-]+", "-", written.lower()).strip("-")
    lettered = plain if plain[:1].isalpha() else f"w-{plain}".rstrip("-")
    return (lettered if len(lettered) > 1 else f"{lettered}-run")[:_NAME_LENGTH].rstrip("-")


def _task(workflow: Workflow, project: str, notes: Notes) -> dict[str, Any]:
    launch, container = workflow.launch, workflow.container
    shell = launch.shell if isinstance(launch, ShellCommands) else "bash"
    entrypoint = container is not None and bool(container.entrypoint)
    keys: dict[str, Any] = {
        # the image's own shell may be another than bash
        "shell": shell if not entrypoint and (shell != "bash" or container) else None,
        "nodes": workflow.nodes if workflow.nodes > 1 else None,
        # today no code is there unless it is asked for
        "repos": [project],
        "files": [
            f"{posixpath.normpath(posixpath.join(project, copy.local))}:{copy.target}"
            for copy in workflow.files
        ],
        "env": _env(workflow, notes),
        "commands": list(commands(workflow, notes)),
        "ports": _ports(workflow, notes),
        "resources": resources(workflow.resources, notes),
        "max_duration": workflow.limits.max_duration,
        "stop_duration": workflow.limits.stop_duration,
        "retry": _retry(workflow.retry),
        "spot_policy": SPOT if workflow.interruptible else None,
    }
    first = _python(workflow, notes) if container is None else _image(workflow)
    return {key: value for key, value in {**first, **keys}.items() if value not in (None, [], {})}


def _python(workflow: Workflow, notes: Notes) -> dict[str, Any]:
    asked = workflow.environment.python
    if asked is None:
        return {}
    minor = ".".join(asked.split(".")[:2])
    if minor not in _PYTHONS:
        notes.lost.append(f"python {asked}: dstack has {_listed(sorted(_PYTHONS, key=_number))}")
        return {}
    if minor != asked:
        notes.say("python", f"was {asked}; dstack takes its own {minor}")
    return {"python": minor}


def _retry(retry: Retry | None) -> dict[str, Any] | None:
    """In dstack no retry goes on for ever; ten years are as good as that."""
    if retry is None:
        return None
    return {"on_events": list(retry.on_events), "duration": retry.duration or _FOR_EVER}


def _number(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))


def _image(workflow: Workflow) -> dict[str, Any]:
    container = workflow.container
    if container is None:
        return {}
    auth = container.registry_auth
    return {
        "image": container.image,
        "entrypoint": shlex.join(container.entrypoint) or None,
        "user": container.user,
        "privileged": container.privileged or None,
        "registry_auth": auth and {"username": auth[0], "password": auth[1]},
        "working_dir": container.working_dir,
    }


def _env(workflow: Workflow, notes: Notes) -> dict[str, Any] | list[str]:
    """The variables; a list where the caller must set some, as only a list can say that."""
    fixed = {
        **_parameters(workflow),
        **{name: value for name, value in workflow.variables if not refers(workflow, name, value)},
        **{f"PORT_{at}": str(port) for at, port in enumerate(_all_ports(workflow))},
        **_uv_until(workflow),
    }
    if _uv_until(workflow):
        notes.say("env", f"was as-of {workflow.environment.as_of}; uv keeps to it, pip does not")
    fixed = {name: kept(value) for name, value in fixed.items()}
    required = [*workflow.required]
    if workflow.service is not None and workflow.service.token_variable is not None:
        required.append(workflow.service.token_variable)
        notes.say("env", f"{required[-1]}: any secret word, set where `dstack apply` is typed")
    if not required:
        return fixed
    return [*(f"{name}={value}" for name, value in fixed.items()), *required]


def _uv_until(workflow: Workflow) -> dict[str, str]:
    """The variable by which uv, which dstack's own images have, keeps to a day."""
    as_of = workflow.environment.as_of
    if as_of in {None, COMMIT} or workflow.container is not None:
        return {}
    return {"UV_EXCLUDE_NEWER": end(str(as_of))}


def _parameters(workflow: Workflow) -> dict[str, str]:
    """The workflow's variables by the names that its commands and scripts read."""
    found = exported(dict(workflow.parameters), "")
    found.pop(envvars.RUN_NAME_REFERENCE)
    text = "\n".join(texts(workflow))
    unused = {
        reference
        for name, _ in workflow.parameters
        if (reference := reference_name(name)) not in text
    }
    return {name: value for name, value in found.items() if name not in unused}


def _ports(workflow: Workflow, notes: Notes) -> list[int]:
    ports = workflow.ports
    if ports.free:
        notes.say("ports", "free ports were picked at the start; today's ports are fixed")
    return _all_ports(workflow)


def _all_ports(workflow: Workflow) -> list[int]:
    fixed = list(workflow.ports.fixed)
    for _ in range(workflow.ports.free):
        fixed.append(next(port for port in range(_FIRST_PORT, 1 << 16) if port not in fixed))
    return fixed


def _lost(workflow: Workflow, notes: Notes) -> None:
    if workflow.artifacts:
        paths = _listed([artifact.path for artifact in workflow.artifacts])
        notes.lost.append(f"artifacts: {paths}; copy them out in a command")
    as_of = workflow.environment.as_of
    if as_of is not None and not _uv_until(workflow):
        notes.lost.append(f"as-of {as_of}: the newest packages are installed; pin them")
    notes.lost += [_dependency(wanted) for wanted in workflow.dependencies]
    if workflow.code:
        notes.lost.append(f"what counts as the same code: {_listed(list(workflow.code))}")
    if workflow.service is not None:
        service = workflow.service
        port = _all_ports(workflow)[service.port]
        notes.lost.append(f"the address of {service.name}: {service.path} of {port}")
    container = workflow.container
    if container is not None and container.home_dir is not None:
        notes.lost.append(f"the home folder {container.home_dir}")
    if container is not None and workflow.environment.python is not None:
        notes.lost.append(f"python {workflow.environment.python}: the image has its own")
    if (
        container is not None
        and container.entrypoint
        and (workflow.environment.requirements or workflow.environment.packages)
    ):
        notes.lost.append("requirements: there is no shell before the entrypoint")


def _dependency(wanted: Dependency) -> str:
    if wanted.mode == "run":
        return f"depends-on {wanted.workflow}: run it first, and bring its artifacts here"
    if wanted.mode == "last":
        return f"the artifacts of the last run of {wanted.workflow}"
    of = f" of {wanted.workflow}" if wanted.workflow else ""
    return f"the artifacts of the run{of} tagged {wanted.tag}"


def _listed(words: list[str]) -> str:
    return ", ".join(words)
