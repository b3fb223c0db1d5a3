"""``wf artifacts tree``: every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.commands.artifacts.whole import add_address, show

if TYPE_CHECKING:
    import argparse

    from runner.cli.commands.artifacts.whole import Whole
    from runner.cli.context import Context

_MOST = 1000


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts tree",
        "Every file of a run, below the folders it lies in: sizes, counts, digests, and which\n"
        "other run keeps the same.",
        [
            ("wf artifacts tree last", "every file of the last run"),
            ("wf artifacts tree last:model/logs", "those in one folder"),
            ("wf artifacts tree last -L 1", "folders only, with what is in them"),
            ("wf artifacts tree last | less -S", "a long one, page by page"),
        ],
    )
    add_address(made)
    made.add_argument("-L", "--level", metavar="N", help="go down so many folders and no deeper")
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show them."""
    from runner.cli.counts import count_option
    from runner.cli.render.artifacts import show_tree

    given = count_option("--level", arguments.level, "wf artifacts tree last -L 2", least=1)
    levels = min(given or _MOST, _MOST)

    def render(whole: Whole) -> None:
        run = whole.contents.run
        show_tree(run, whole.artifacts, context.out, context.variables, levels)

    return show(arguments, context, render)
