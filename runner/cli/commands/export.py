"""``wf export``: a workflow in the format of another tool."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from runner.cli.context import Context
    from runner.spec.export.task import Exported
    from runner.spec.workflow import Workflow

_ENDING = ".dstack.yml"


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "export",
        "Print a workflow as a task of today's dstack. What has no counterpart there stands in a "
        "comment.",
        [
            ("wf export train-mnist-no-gpu", "print it"),
            ("wf export train-mnist-no-gpu -o exported/train.dstack.yml", "write it to a file"),
            ("wf export --all -o exported", "every workflow, a file each"),
        ],
    )
    made.add_argument(
        "workflow", nargs="?", metavar="WORKFLOW", help="the workflow (`wf ls` lists them)"
    )
    made.add_argument("--all", action="store_true", help="every workflow, into a folder")
    made.add_argument(
        "--to", metavar="FORMAT", choices=["dstack"], default="dstack", help="dstack, for now"
    )
    made.add_argument(
        "-o", "--output", metavar="PATH", help="the file to write; with --all, the folder"
    )
    made.add_argument("--force", action="store_true", help="write over files that are there")
    made.add_file()
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print or write it."""
    from runner.engine.opening import open_files
    from runner.spec.export.task import export

    if bool(arguments.workflow) == arguments.all:
        hint = "name one (`wf ls` lists them), or say --all"
        raise WfError(USAGE, "either one workflow is exported, or all of them", hint=hint)
    if arguments.all and not (arguments.output or arguments.json):
        raise WfError(USAGE, "--all needs a folder", hint="write --all -o exported")
    source = workflow_files(context, arguments.file)
    opened = open_files(source.workflows, source.root, source.beside)
    chosen = opened.workflows if arguments.all else (opened.find(arguments.workflow),)
    project = os.path.relpath(source.root, _folder(arguments, context, source.root))
    made = [(workflow, export(workflow, project)) for workflow in chosen]
    written: tuple[str, ...] = ()
    if arguments.output:
        written = _write(made, arguments, context)
    if arguments.json:
        context.say_json(list(_documents(made, written)))
    elif written:
        context.out.writelines(f"{name}\n" for name in written)
    else:
        context.out.write(made[0][1].text)
    return OK


def _folder(arguments: argparse.Namespace, context: Context, root: Path) -> Path:
    """Where the files will lie; what is printed is thought to lie in the project folder."""
    if not arguments.output:
        return root
    path: Path = context.cwd / arguments.output
    return path if arguments.all else path.parent


def _write(
    made: Sequence[tuple[Workflow, Exported]], arguments: argparse.Namespace, context: Context
) -> tuple[str, ...]:
    from runner.cli.files import write_new

    path = context.cwd / arguments.output
    if not arguments.all:
        return write_new({path: made[0][1].text}, context.cwd, force=arguments.force)
    texts: dict[Path, str] = {}
    for workflow, found in made:
        file = path / f"{found.name}{_ENDING}"
        if file in texts:
            message = f"`{workflow.name}` and another workflow would both be called `{found.name}`"
            raise WfError(USAGE, message, hint="export them one by one")
        texts[file] = found.text
    return write_new(texts, context.cwd, force=arguments.force)


def _documents(
    made: Sequence[tuple[Workflow, Exported]], written: tuple[str, ...]
) -> Iterator[dict[str, object]]:
    for at, (workflow, found) in enumerate(made):
        yield {
            "workflow": workflow.name,
            "name": found.name,
            "file": written[at] if written else None,
            "text": found.text,
            "lost": list(found.lost),
        }
