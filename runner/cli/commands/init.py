"""``wf init``: a first workflow file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping

    from runner.cli.context import Context
    from runner.spec.starter import Starter


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "init",
        "Write .dstack/workflows.yaml for the scripts of this folder, and its schema for editors. "
        "Scripts are read, not run; nothing that is there is written over.",
        [
            ("wf init", "look for scripts that train"),
            ("wf init train.py", "this script"),
            ("wf init --dry-run", "print the file instead of writing it"),
            ("wf init --example", "a project to try things with, in an empty folder"),
        ],
    )
    made.add_argument("scripts", nargs="*", metavar="SCRIPT", help="a script, instead of looking")
    made.add_argument("--example", action="store_true", help="a small project that runs at once")
    made.add_argument("--dry-run", action="store_true", help="print the workflow file only")
    made.add_argument("--force", action="store_true", help="write over files that are there")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Write it, and say what to type next."""
    from runner.cli import schemas
    from runner.cli.files import already, write_new
    from runner.workspace.project import FOLDER, WORKFLOW_FILE, workflow_files

    file = str(WORKFLOW_FILE)
    if arguments.example and arguments.scripts:
        raise WfError(USAGE, "--example has a script of its own", hint="leave the others out")
    texts, names = _example() if arguments.example else _started(arguments, context, file)
    written: tuple[str, ...] = ()
    if not arguments.dry_run:
        there = workflow_files(context.cwd)
        if there and not arguments.force:
            raise already(os.path.relpath(there[0], context.cwd))
        shipped = {f"{FOLDER}/{schemas.FILE}": schemas.schema("workflows")}
        files = {context.cwd / path: text for path, text in {**texts, **shipped}.items()}
        written = write_new(files, context.cwd, force=arguments.force)
    if arguments.json:
        context.say_json({"workflows": names, "written": list(written), "text": texts[file]})
    elif arguments.dry_run:
        context.out.write(texts[file])
    else:
        context.out.writelines(f"{path}\n" for path in written)
        context.out.flush()
        context.err.write(f"hint: read it, change it, then: wf run {names[0]}\n")
    return OK


def _example() -> tuple[Mapping[str, str], list[str]]:
    from runner.spec.example import FILES

    return FILES, ["fit", "report"]


def _started(
    arguments: argparse.Namespace, context: Context, file: str
) -> tuple[Mapping[str, str], list[str]]:
    made = _starter(tuple(arguments.scripts), context)
    return {file: made.text}, list(made.workflows)


def _starter(named: tuple[str, ...], context: Context) -> Starter:
    import sys

    from runner.cli.schemas import FILE
    from runner.spec.starter import compose
    from runner.workspace.source import Git
    from runner.workspace.survey import survey

    chosen = tuple(dict.fromkeys(_inside(name, context) for name in named))
    listed = Git(context.cwd, context.variables).files()
    seen = survey(context.cwd, listed, chosen)
    if not seen.scripts:
        raise WfError(
            USAGE,
            "no script was found here that looks as if it could be run",
            hint="name one: wf init train.py; or see how it works: wf init --example",
        )
    version = sys.version_info
    return compose(seen, f"{version.major}.{version.minor}", FILE)


def _inside(name: str, context: Context) -> str:
    """A script that was named, as a path below the folder."""
    path = os.path.normpath(name)
    real = os.path.realpath(context.cwd / path)
    if not os.path.isfile(real):
        raise WfError(USAGE, f"there is no file {name}", hint="name a script of this folder")
    below = os.path.relpath(real, os.path.realpath(context.cwd))
    if below.startswith("../"):
        hint = "change into the project folder first"
        raise WfError(USAGE, f"{name} lies outside this folder", hint=hint)
    return os.path.relpath(path, context.cwd) if os.path.isabs(path) else path
