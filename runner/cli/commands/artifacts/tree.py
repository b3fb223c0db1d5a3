"""``wf artifacts tree``: every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.commands.artifacts.whole import show

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts tree",
        "Every file of a run, below the folders it lies in, with size and digest.",
        [
            ("wf artifacts tree last", "every file of the last run"),
            ("wf artifacts tree last --json", "the whole manifest for programs"),
        ],
    )
    made.add_argument("run", metavar="RUN", help="a name, its first letters, or `last`")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show them."""
    from runner.cli.render.artifacts import show_tree

    return show(arguments, context, show_tree)
