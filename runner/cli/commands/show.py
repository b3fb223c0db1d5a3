"""``wf show``: everything known about a run."""

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
        "show",
        "Show everything known about a run.",
        [
            ("wf show last", "the last run"),
            ("wf show wet-mango-1", "a run by name, or by the first letters of it"),
            ("wf show last --json", "the whole record for programs"),
        ],
    )
    made.add_argument("run", metavar="RUN", help="a name, its first letters, or `last`")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show it."""
    from runner import compose

    records = compose.records(context.settings, context.now)
    records.settle()
    paths = records.find(arguments.run)
    document = records.document(paths)
    if arguments.json:
        context.say_json(document)
        return OK
    from runner.cli.render.run import show_run

    show_run(document, str(paths.root), context.out, context.variables)
    return OK
