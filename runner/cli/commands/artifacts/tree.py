"""``wf artifacts tree``: every file."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.commands.artifacts.whole import add_address, show
from runner.errors import USAGE, WfError

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
    from runner.cli.render.artifacts import show_tree

    levels = _levels(arguments.level)

    def render(whole: Whole) -> None:
        run = whole.contents.run
        show_tree(run, whole.artifacts, context.out, context.variables, levels)

    return show(arguments, context, render)


def _levels(written: str | None) -> int:
    if written is None:
        return _MOST
    if written.isdecimal() and int(written) > 0:
        return min(int(written), _MOST)
    said = f"--level: a number of at least 1 is wanted, not `{written}`"
    raise WfError(USAGE, said, hint="wf artifacts tree last -L 2")
