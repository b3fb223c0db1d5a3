"""A workflow of any era -> today's ``NAME.dstack.yml`` (``type: task``), as dstack 0.22 reads it.

What that format has no counterpart for is not dropped in silence: it stands in a comment.
"""

from __future__ import annotations

import posixpath
import re
import shlex
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from runner import envvars
from runner.document.scalars import plain
from runner.spec.interpolation import RUN_NAME_LATER, exported, reference_name
from runner.spec.workflow import PythonScript, ShellCommands, TorchrunScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.spec.workflow import Dependency, GpuRequest, Resources, Workflow

# 0.22.5:_internal/core/models/configurations.py, PythonVersion
_PYTHONS = frozenset(f"3.{minor}" for minor in range(9, 16))
# 0.22.5: what the server takes for a run's name
_NAME_LENGTH = 41
_ARGS = "${{ run.args }}"
_WORDS = '"$@"'
# in a value that refers to others; the last is a dollar sign that is to stay
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)|\\\$", re.ASCII)
# the arguments of a shell, in whatever form
_ARGUMENTS = re.compile(r"\$[@*#1-9]|\$\{[@*#1-9]")
# commands that are joined to each other already
_GROUP = re.compile(r"\{ (?:[^{}]|\$\{[^{}]*\})*\n\}")
_RUN_NAME_THERE = '"$DSTACK_RUN_NAME"'
_FIRST_PORT = 8000
_GPU_MAKERS = frozenset({"nvidia", "tesla", "geforce", "quadro"})
_COMMENT_WIDTH = 96


@dataclass(frozen=True, slots=True)
class Exported:
    """A file of today's format: its ``name``, its ``text``, and what it could not say.

    ``lost`` has a sentence for each part of the workflow that has no counterpart.
    """

    name: str
    text: str
    lost: tuple[str, ...]


@dataclass(slots=True)
class _Notes:
    """What is lost, and what is said beside a key."""

    lost: list[str] = field(default_factory=list)
    beside: dict[str, list[str]] = field(default_factory=dict)

    def say(self, key: str, sentence: str) -> None:
        self.beside.setdefault(key, []).append(sentence)


def export(workflow: Workflow, project: str = ".") -> Exported:
    """The workflow as a task of today's dstack.

    ``project`` is the project folder as seen from the folder that the file will lie in.
    """
    notes = _Notes()
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
    lines = [*_comments(head), *_entries(keys, notes)]
    return Exported(name, "\n".join(lines) + "\n", tuple(notes.lost))


def _name(written: str) -> str:
    """The nearest name that the server takes: ``^[a-z][a-z0-9-]{1,40}$``."""
    plain = re.sub(r"[^a-z0-9-]+", "-", written.lower()).strip("-")
    lettered = plain if plain[:1].isalpha() else f"w-{plain}".rstrip("-")
    return (lettered if len(lettered) > 1 else f"{lettered}-run")[:_NAME_LENGTH].rstrip("-")


# --- the keys -------------------------------------------------------------------------------------


def _task(workflow: Workflow, project: str, notes: _Notes) -> dict[str, Any]:
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
        "commands": list(_commands(workflow, notes)),
        "ports": _ports(workflow, notes),
        "resources": _resources(workflow.resources, notes),
        "max_duration": workflow.limits.max_duration,
        "stop_duration": workflow.limits.stop_duration,
    }
    first = _python(workflow, notes) if container is None else _image(workflow)
    return {key: value for key, value in {**first, **keys}.items() if value not in (None, [], {})}


def _python(workflow: Workflow, notes: _Notes) -> dict[str, Any]:
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


def _env(workflow: Workflow, notes: _Notes) -> dict[str, Any] | list[str]:
    """The variables; a list where the caller must set some, as only a list can say that."""
    fixed = {
        **_parameters(workflow),
        **{name: value for name, value in workflow.variables if not _refers(workflow, name, value)},
        **{f"PORT_{at}": str(port) for at, port in enumerate(_all_ports(workflow))},
    }
    fixed = {name: _kept(value) for name, value in fixed.items()}
    required = [*workflow.required]
    if workflow.service is not None and workflow.service.token_variable is not None:
        required.append(workflow.service.token_variable)
        notes.say("env", f"{required[-1]}: any secret word, set where `dstack apply` is typed")
    if not required:
        return fixed
    return [*(f"{name}={value}" for name, value in fixed.items()), *required]


def _parameters(workflow: Workflow) -> dict[str, str]:
    """The workflow's variables by the names that its commands and scripts read."""
    found = exported(dict(workflow.parameters), "")
    found.pop(envvars.RUN_NAME_REFERENCE)
    text = "\n".join(_texts(workflow))
    unused = {
        reference
        for name, _ in workflow.parameters
        if (reference := reference_name(name)) not in text
    }
    return {name: value for name, value in found.items() if name not in unused}


def _texts(workflow: Workflow) -> tuple[str, ...]:
    launch = workflow.launch
    own = launch.commands if isinstance(launch, ShellCommands) else ()
    return (*workflow.before, *own)


def _commands(workflow: Workflow, notes: _Notes) -> Iterator[str]:
    """What one shell runs: the environment, the folder, and the workflow's own commands."""
    entrypoint = workflow.container is not None and workflow.container.entrypoint
    if not entrypoint:
        if workflow.working_dir != ".":
            yield f"cd {shlex.quote(workflow.working_dir)}"
        yield from _set_up(workflow, notes)
    launched = [_alone(text) for text in _launched(workflow)]
    # one word for the entrypoint, as 0.9.2 handed them over
    yield from [" && ".join(launched)] if entrypoint and launched else launched


def _set_up(workflow: Workflow, notes: _Notes) -> Iterator[str]:
    environment = workflow.environment
    # the images of dstack have uv; of others nothing is known but that they run Python
    install = "uv pip install" if workflow.container is None else "python -m pip install"
    if environment.requirements is not None:
        yield f"{install} -r {shlex.quote(environment.requirements)}"
    if environment.packages:
        yield f"{install} {shlex.join(environment.packages)}"
    if any(envvars.RUN_NAME_REFERENCE in text for text in _texts(workflow)):
        yield f"export {envvars.RUN_NAME_REFERENCE}={_RUN_NAME_THERE}"
    for name, value in workflow.variables:
        if _refers(workflow, name, value):
            notes.say("env", f"{name} is set in the commands, as it refers to others")
            own = _expanding(value) if name in workflow.expanded else _word(value)
            yield _kept(f"export {name}={own}")


def _refers(workflow: Workflow, name: str, value: str) -> bool:
    """Whether a variable's value is made of others, which ``env`` cannot say."""
    return RUN_NAME_LATER in value or name in workflow.expanded


def _expanding(value: str) -> str:
    """A word in which references to variables are the shell's, and nothing else is."""
    at, parts = 0, []
    for found in _REFERENCE.finditer(value):
        parts.append(_word(value[at : found.start()]) if at < found.start() else "")
        parts.append(f'"${{{found[1] or found[2]}}}"' if found[0] != "\\$" else "'$'")
        at = found.end()
    parts.append(_word(value[at:]) if at < len(value) else "")
    return "".join(parts) or "''"


def _launched(workflow: Workflow) -> tuple[str, ...]:
    match workflow.launch:
        case PythonScript(script, args):
            own = _script(("python", script, *args))
            return (*map(_kept, workflow.before), own)
        case TorchrunScript(script, args):
            own = _script((*_torchrun(workflow), script, *args))
            return (*map(_kept, workflow.before), own)
        case launch:
            return _with_arguments(launch, (*workflow.before, *launch.commands))


def _script(words: tuple[str, ...]) -> str:
    return f"{_kept(' '.join(map(_word, words)))} {_ARGS}"


def _torchrun(workflow: Workflow) -> tuple[str, ...]:
    gpu = workflow.resources.gpu
    each = f"--nproc-per-node={gpu.count if gpu else 1}"
    if workflow.nodes == 1:
        return ("torchrun", "--standalone", each)
    return (
        "torchrun", each, "--nnodes=$DSTACK_NODES_NUM", "--node-rank=$DSTACK_NODE_RANK",
        "--master-addr=$DSTACK_MASTER_NODE_IP", "--master-port=29500",
    )  # fmt: skip


def _word(word: str) -> str:
    """A word of a command line; the run's name and dstack's own variables are the shell's."""
    if re.fullmatch(r"--[a-z-]+=\$DSTACK_[A-Z_]+", word):
        return word
    parts = word.split(RUN_NAME_LATER)
    return _RUN_NAME_THERE.join(shlex.quote(part) if part else "" for part in parts) or "''"


def _with_arguments(launch: ShellCommands, commands: tuple[str, ...]) -> tuple[str, ...]:
    """Commands, the words behind ``--`` in their place."""
    kept = tuple(map(_kept, commands))
    if not launch.takes_args:
        return kept
    setting = f"set -- {_WORDS}"
    if setting in kept:
        return tuple(f"set -- {_ARGS}" if text == setting else text for text in kept)
    if all(_only_words(text) for text in kept):
        return tuple(text.replace(_WORDS, _ARGS) for text in kept)
    return (f"set -- {_ARGS}", *kept)


def _only_words(text: str) -> bool:
    """Whether the arguments are mentioned as words only, and are those of the shell itself."""
    return not _ARGUMENTS.search(text.replace(_WORDS, "")) and "()" not in text


def _kept(text: str) -> str:
    """A text that dstack's interpolation leaves as it is: ``$$`` is a ``$`` to it.

    0.22.5:_internal/utils/interpolator.py.
    """
    return text.replace("$", "$$") if "${{" in text or "$$" in text else text


def _alone(text: str) -> str:
    """A command that can be joined to the next with ``&&``, as dstack does.

    A comment would swallow what follows, and a here-document would not end.
    """
    if _GROUP.fullmatch(text.strip()) or not re.search(r"\n|(^|\s)#", text.strip()):
        return text
    return f"{{ {text.strip()}\n}}"


def _ports(workflow: Workflow, notes: _Notes) -> list[int]:
    ports = workflow.ports
    if ports.free:
        notes.say("ports", "free ports were picked at the start; today's ports are fixed")
    return _all_ports(workflow)


def _all_ports(workflow: Workflow) -> list[int]:
    fixed = list(workflow.ports.fixed)
    for _ in range(workflow.ports.free):
        fixed.append(next(port for port in range(_FIRST_PORT, 1 << 16) if port not in fixed))
    return fixed


def _resources(asked: Resources, notes: _Notes) -> dict[str, Any]:
    """The least that is asked for; what a file says without ``..`` is exact there."""
    gpu = asked.gpu
    found = {
        "cpu": asked.cpu and f"{asked.cpu}..",
        "memory": asked.memory and f"{_size(asked.memory)}..",
        "shm_size": asked.shm_size and _size(asked.shm_size),
        "gpu": gpu and _gpu(gpu, notes),
    }
    return {key: value for key, value in found.items() if value}


def _gpu(asked: GpuRequest, notes: _Notes) -> str | int:
    """``name:memory..:count``; the count is exact here and there."""
    parts = []
    if asked.name is not None:
        name = _gpu_name(asked.name)
        if name != asked.name:
            notes.say("resources", f"the GPU's name was {asked.name}")
        parts = [name] if name else []
    if asked.memory is not None:
        parts.append(f"{_size(asked.memory)}..")
    return ":".join([*parts, str(asked.count)]) if parts else asked.count


def _gpu_name(written: str) -> str:
    """As dstack's catalogue spells it: ``RTX4090`` for a GeForce RTX 4090."""
    words = [word for word in re.split(r"[\s:]+", written) if word.lower() not in _GPU_MAKERS]
    name = re.sub(r"[^A-Za-z0-9]", "", "".join(words))
    return name if name[:1].isalpha() else ""


def _size(amount: int) -> str:
    """An amount of memory in dstack's units, which count in 1024; never less."""
    for unit, steps in (("GB", (2**30, 10**9)), ("MB", (2**20, 10**6))):
        for step in steps:
            if amount % step == 0:
                return f"{amount // step}{unit}"
    return f"{-(-amount // 2**20)}MB"


# --- what has no counterpart ----------------------------------------------------------------------


def _lost(workflow: Workflow, notes: _Notes) -> None:
    if workflow.artifacts:
        paths = _listed([artifact.path for artifact in workflow.artifacts])
        notes.lost.append(f"artifacts: {paths}; copy them out in a command")
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


# --- the text -------------------------------------------------------------------------------------


def _comments(sentences: list[str]) -> Iterator[str]:
    import textwrap

    for sentence in sentences:
        indent = "  " if sentence.startswith("- ") else ""
        lines = textwrap.wrap(
            " ".join(sentence.split()), _COMMENT_WIDTH, subsequent_indent=indent,
            break_long_words=False, break_on_hyphens=False,
        )  # fmt: skip
        yield from (f"# {line}".rstrip() for line in lines or [""])


def _entries(keys: dict[str, Any], notes: _Notes) -> Iterator[str]:
    """The keys as YAML, a blank line before each that holds several lines."""
    dump = _dumper()
    for key, value in keys.items():
        lines = dump({key: value})
        if key == "type" or len(lines) > 1:
            yield ""
        yield from _comments(notes.beside.pop(key, []))
        yield from lines
    for left in notes.beside.values():  # of keys that came to nothing
        yield from _comments(left)


def _dumper() -> Any:  # noqa: ANN401 - a function of PyYAML's own making
    import yaml

    class Dumper(yaml.SafeDumper):
        """Commands of several lines are written as they read."""

    def text(dumper: yaml.SafeDumper, value: str) -> yaml.ScalarNode:
        # YAML 1.1 and 1.2 differ in what they take for a number
        foreign = plain(value).kind != "str"
        style = "|" if "\n" in value else "'" if foreign else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)

    def dump(value: dict[str, Any]) -> list[str]:
        written: str = yaml.dump(
            value, Dumper=Dumper, sort_keys=False, allow_unicode=True, width=1 << 16
        )
        return written.splitlines()

    return dump
