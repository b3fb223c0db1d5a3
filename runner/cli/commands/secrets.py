"""``wf secrets``: passwords and keys for the jobs of a project."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from runner.cli.context import Context
    from runner.secrets.store import Secrets

_ACTIONS = ("add", "list", "update", "delete")


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "secrets",
        "Keep passwords and keys for the jobs of this project. Every job has each of them as a\n"
        "variable; their values stand in no record, and are masked in logs.",
        [
            ("wf secrets add HF_TOKEN", "asks for the value, and does not show it"),
            ("wf secrets add SSH_KEY < id_ed25519", "takes it from a file, or from a pipe"),
            ("wf secrets update HF_TOKEN", "gives it another value"),
            ("wf secrets list", "their names"),
            ("wf secrets delete HF_TOKEN", "removes it"),
        ],
    )
    made.add_argument("action", metavar="ACTION", help="add, list, update or delete")
    made.add_argument(
        "names", metavar="NAME", nargs="*", help="the secret, which is the variable's name too"
    )
    made.add_file()
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Do it."""
    from runner import compose

    action = _action(arguments)
    project = _project(context, arguments.file)
    secrets = compose.secrets(context.settings, context.variables, context.now)
    if action == "list":
        return _list(secrets, project, context, as_json=arguments.json)
    if action == "delete":
        secrets.delete(project, arguments.names)
        for name in arguments.names:
            context.err.write(f"deleted the secret `{name}`\n")
        return OK
    return _keep(secrets, project, arguments.names[0], context, new=action == "add")


def _action(arguments: argparse.Namespace) -> str:
    action, names = str(arguments.action), arguments.names
    if action not in _ACTIONS:
        from runner.spec.mistakes import did_you_mean

        hint = did_you_mean(action, _ACTIONS, "the actions are")
        raise WfError(USAGE, f"there is no action `{action}`", hint=hint)
    if action == "list" and names:
        raise WfError(USAGE, "too many words", hint="wf secrets list")
    if action != "list" and not names:
        raise WfError(USAGE, "a name is missing", hint=f"wf secrets {action} NAME")
    if action in {"add", "update"}:
        from runner.secrets.allowed import checked_name

        checked_name(names[0])
        if names[1:]:
            # dstack took the value here
            raise WfError(
                USAGE,
                "a value is not taken from the command line: everybody on this machine can read "
                "it there, and the shell keeps it in its history",
                hint=f"`wf secrets {action} {names[0]}` asks for it, or reads it from a pipe; the "
                "one that was typed is better replaced by another",
            )
    return action


def _project(context: Context, file: str | None) -> Path:
    """The folder of the project that is meant.

    Raises:
        WfError: kind ``USAGE`` when there is none.
    """
    from runner.workspace import project

    if file is not None:
        return project.root_of(context.cwd / file)
    root = project.find(context.cwd)
    if root is None:
        raise WfError(
            USAGE,
            f"there is no {project.WORKFLOW_FILE} here or in a folder above",
            hint="secrets belong to a project: change into it",
        )
    return root


def _keep(secrets: Secrets, project: Path, name: str, context: Context, *, new: bool) -> int:
    from runner.secrets.allowed import checked_value

    # before a value is typed for nothing
    secrets.check(project, name, new=new)
    value = checked_value(_value(name))
    kept = secrets.add(project, name, value) if new else secrets.update(project, name, value)
    did = "added" if new else "updated"
    where = "the keyring"
    if kept.instead is not None:
        where = f"a file that only you can read ({kept.instead})"
    context.err.write(f"{did} the secret `{name}`; it is kept in {where}\n")
    return OK


def _value(name: str) -> bytes:
    """What is typed, unseen, or all of stdin, as far as a value can go."""
    from runner.secrets.allowed import MOST_BYTES

    if not os.isatty(0):
        with open(0, "rb", closefd=False) as stdin:
            return stdin.read(MOST_BYTES + len("\r\n") + 1)
    from getpass import getpass

    try:
        return getpass(f"{name}: ").encode(errors="surrogateescape")
    except EOFError:
        raise WfError(USAGE, "no value was given", hint=f"wf secrets add {name} < FILE") from None


def _list(secrets: Secrets, project: Path, context: Context, *, as_json: bool) -> int:
    found = secrets.all(project)
    if as_json:
        context.say_json([secret._asdict() for secret in found])
        return OK
    if not found:
        context.err.write("no secrets yet; `wf secrets add NAME` adds one\n")
        return OK
    from runner.cli.render.style import style
    from runner.cli.render.table import since, table

    now = context.now()
    rows: list[tuple[str, ...]] = [
        (secret.name, since(secret.added_at, now), since(secret.updated_at, now), secret.kept)
        for secret in found
    ]

    def bold(column: int, _: Any) -> tuple[str, ...]:  # noqa: ANN401
        return ("bold",) if column == 0 else ()

    dress = style(context.out, context.variables)
    context.out.write(table(("NAME", "ADDED", "UPDATED", "KEPT IN"), rows, dress, bold))
    return OK
