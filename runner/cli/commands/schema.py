"""``wf schema``: the JSON Schema of a file that wf reads, for editors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.cli.schemas import SchemaName


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "schema",
        "Print the JSON Schema of the workflow file, by which an editor completes and checks it.",
        [
            ("wf schema", "the schema of .dstack/workflows.yaml"),
            ("wf schema --variables", "that of .dstack/variables.yaml"),
            ("wf schema --task", "that of today's NAME.dstack.yml"),
        ],
    )
    made.add_argument("--variables", action="store_true", help="of .dstack/variables.yaml instead")
    made.add_argument("--task", action="store_true", help="of a task, NAME.dstack.yml, instead")
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print it as it was shipped."""
    from runner.cli.schemas import schema

    if arguments.variables and arguments.task:
        raise WfError(USAGE, "one schema is printed at a time", hint="leave one of the two out")
    named: SchemaName = (
        "variables" if arguments.variables else "task" if arguments.task else "workflows"
    )
    context.out.write(schema(named))
    return OK
