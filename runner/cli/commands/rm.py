"""``wf rm``: remove runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import RUN, Parser
from runner.cli.settled import settled
from runner.errors import OK
from runner.units import amount

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "rm",
        "Remove runs with their logs and artifacts. A run that is going on is refused.",
        [("wf rm wet-mango-1", "remove a run"), ("wf rm last", "remove the last one")],
    )
    made.add_argument("runs", metavar="RUN", nargs="+", help=RUN)
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Remove them: all are found before the first is removed."""
    records = settled(context)
    found = {paths.root: paths for paths in map(records.find, arguments.runs)}
    for paths in found.values():
        freed = amount(records.remove(paths))
        context.err.write(f"removed {paths.root.name} and freed {freed}\n")
    return OK
