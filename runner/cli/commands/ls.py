"""``wf ls``: the workflows of this project."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.errors import OK

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.spec.workflow import Resources, Workflow


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "ls",
        "List the workflows that the workflow file declares.",
        [("wf ls", "what can be run here"), ("wf ls --json", "the same for programs")],
    )
    made.add_file()
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """List them."""
    from runner.engine.opening import open_files

    source = workflow_files(context, arguments.file)
    opened = open_files(source.workflows, source.root, source.beside)
    if arguments.json:
        context.say_json(
            [{**_document(found), "line": opened.line(found)} for found in opened.workflows]
        )
        return OK
    from runner.cli.render.style import style
    from runner.cli.render.table import table

    rows = [
        (found.name, found.provider, _asked(found.resources), found.help or "")
        for found in opened.workflows
    ]
    dress = style(context.out, context.variables)
    header = ("WORKFLOW", "PROVIDER", "RESOURCES", "HELP")
    context.out.write(table(header, rows, dress, lambda at, _: ("bold",) if at == 0 else ()))
    return OK


def _document(found: Workflow) -> dict[str, object]:
    asked = found.resources
    return {
        "name": found.name,
        "help": found.help,
        "provider": found.provider,
        "resources": {
            "cpu": asked.cpu,
            "memory": asked.memory,
            "gpu": asked.gpu and asked.gpu.count,
        },
        "artifacts": [artifact.path for artifact in found.artifacts],
    }


def _asked(asked: Resources) -> str:
    from runner.units import amount

    said = []
    if asked.gpu is not None:
        said.append(f"gpu {asked.gpu.count}{' ' + asked.gpu.named if asked.gpu.named else ''}")
    if asked.cpu is not None:
        said.append(f"cpu {asked.cpu}")
    if asked.memory is not None:
        said.append(f"memory {amount(asked.memory)}")
    return ", ".join(said) or "any"
