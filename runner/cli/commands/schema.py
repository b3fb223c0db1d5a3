"""``wf schema``: the JSON Schema of a file that wf reads, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.errors import OK

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "schema",
        "Print the JSON Schema of the workflow file, by which an editor completes and checks it.",
        [
            ("wf schema", "the schema of .dstack/workflows.yaml"),
            ("wf schema --variables", "that of .dstack/variables.yaml"),
        ],
    )
    made.add_argument("--variables", action="store_true", help="of .dstack/variables.yaml instead")
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print it as it was shipped."""
    from runner.cli.schemas import schema

    context.out.write(schema("variables" if arguments.variables else "workflows"))
    return OK
