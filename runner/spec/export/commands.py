"""The commands of an exported task: what one shell runs there, and how dstack joins them."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from runner import envvars
from runner.spec.interpolation import RUN_NAME_LATER
from runner.spec.workflow import PythonScript, ShellCommands, TorchrunScript

if TYPE_CHECKING:
    from collections.abc import Iterator

    from runner.spec.export.notes import Notes
    from runner.spec.workflow import Workflow

_ARGS = "${{ run.args }}"
_WORDS = '"$@"'
# in a value that refers to others; the last is a dollar sign that is to stay
_REFERENCE = re.compile(r"\$\{([A-Za-z_]\w*)\}|\$([A-Za-z_]\w*)|\\\$", re.ASCII)
# the arguments of a shell, in whatever form
_ARGUMENTS = re.compile(r"\$[@*#1-9]|\$\{[@*#1-9]")
# commands that are joined to each other already
_GROUP = re.compile(r"\{ (?:[^{}]|\$\{[^{}]*\})*\n\}")
_RUN_NAME_THERE = '"$DSTACK_RUN_NAME"'


def commands(workflow: Workflow, notes: Notes) -> Iterator[str]:
    """What one shell runs: the environment, the folder, and the workflow's own commands."""
    entrypoint = workflow.container is not None and workflow.container.entrypoint
    if not entrypoint:
        if workflow.working_dir != ".":
            yield f"cd {shlex.quote(workflow.working_dir)}"
        yield from _set_up(workflow, notes)
    launched = [_alone(text) for text in _launched(workflow)]
    # one word for the entrypoint, as 0.9.2 handed them over
    yield from [" && ".join(launched)] if entrypoint and launched else launched


def _set_up(workflow: Workflow, notes: Notes) -> Iterator[str]:
    environment = workflow.environment
    # the images of dstack have uv; of others nothing is known but that they run Python
    install = "uv pip install" if workflow.container is None else "python -m pip install"
    if environment.requirements is not None:
        yield f"{install} -r {shlex.quote(environment.requirements)}"
    if environment.packages:
        yield f"{install} {shlex.join(environment.packages)}"
    if any(envvars.RUN_NAME_REFERENCE in text for text in texts(workflow)):
        yield f"export {envvars.RUN_NAME_REFERENCE}={_RUN_NAME_THERE}"
    for name, value in workflow.variables:
        if refers(workflow, name, value):
            notes.say("env", f"{name} is set in the commands, as it refers to others")
            own = _expanding(value) if name in workflow.expanded else _word(value)
            yield kept(f"export {name}={own}")


def refers(workflow: Workflow, name: str, value: str) -> bool:
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
            return (*map(kept, workflow.before), own)
        case TorchrunScript(script, args):
            own = _script((*_torchrun(workflow), script, *args))
            return (*map(kept, workflow.before), own)
        case launch:
            return _with_arguments(launch, (*workflow.before, *launch.commands))


def _script(words: tuple[str, ...]) -> str:
    return f"{kept(' '.join(map(_word, words)))} {_ARGS}"


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
    left = tuple(map(kept, commands))
    if not launch.takes_args:
        return left
    setting = f"set -- {_WORDS}"
    if setting in left:
        return tuple(f"set -- {_ARGS}" if text == setting else text for text in left)
    if all(_only_words(text) for text in left):
        return tuple(text.replace(_WORDS, _ARGS) for text in left)
    return (f"set -- {_ARGS}", *left)


def _only_words(text: str) -> bool:
    """Whether the arguments are mentioned as words only, and are those of the shell itself."""
    return not _ARGUMENTS.search(text.replace(_WORDS, "")) and "()" not in text


def kept(text: str) -> str:
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


def texts(workflow: Workflow) -> tuple[str, ...]:
    """All that a shell reads of a workflow, as it was written."""
    launch = workflow.launch
    own = launch.commands if isinstance(launch, ShellCommands) else ()
    return (*workflow.before, *own)
