"""``wf artifacts list``: one line for each artifact."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.commands.artifacts.whole import add_address, show

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts list",
        "One line for each artifact of a run: files, size, digest, and who keeps the same.",
        [
            ("wf artifacts list last", "what the last run left behind"),
            ("wf artifacts list :best", "what the run tagged `best` did"),
            ("wf artifacts list last:model", "of one path alone"),
            ("wf artifacts list last --json", "every file of it, for programs"),
        ],
    )
    add_address(made)
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show them."""
    from runner.cli.render.artifacts import show_list

    return show(
        arguments,
        context,
        lambda whole: show_list(whole.artifacts, context.out, context.variables),
    )
