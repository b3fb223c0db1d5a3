"""``wf artifacts list``: one line for each artifact."""

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
        "artifacts list",
        "One line for each artifact of a run: files, size, digest.",
        [
            ("wf artifacts list last", "what the last run left behind"),
            ("wf artifacts list last --json", "the whole manifest for programs"),
        ],
    )
    made.add_argument("run", metavar="RUN", help="a name, its first letters, or `last`")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show them."""
    from runner.cli.render.artifacts import show_list

    return show(arguments, context, show_list)
