"""``wf artifacts``: what runs have left behind.

One file an action: ``parser()`` says what it takes, ``execute()`` does it. A new
action is a file, a line in :data:`ACTIONS`, and a section of the reference.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence
    from types import ModuleType

    from runner.cli.context import Context

ACTIONS = {
    "list": "one line for each artifact of a run",
    "tree": "every file of a run",
}
"""Action -> a line for the overview; the module of that name has the rest."""


def parser() -> Parser:
    """The action; what follows it is the action's own."""
    width = max(map(len, ACTIONS))
    actions = "\n".join(f"  {name:<{width}}  {summary}" for name, summary in ACTIONS.items())
    made = Parser(
        "artifacts",
        "Look at what runs have left behind.\n\n"
        f"actions, each with a --help of its own:\n{actions}",
        [
            ("wf artifacts list last", "what the last run left behind"),
            ("wf artifacts tree last", "every file of it, with size and digest"),
        ],
    )
    made.add_argument("action", metavar="ACTION", help="one of those above")
    made.usage = "wf artifacts ACTION [ARGUMENTS]"
    return made


def parse(own: Parser, words: Sequence[str]) -> argparse.Namespace:
    """The words of an action, read by the action's own parser.

    Raises:
        WfError: kind ``USAGE`` when there is no such action, or it takes no such words.
    """
    action = words[0] if words else ""
    if action.startswith("-"):
        return own.parse_args(words)
    if not action:
        raise WfError(USAGE, "an action is missing", hint=f"the actions are: {', '.join(ACTIONS)}")
    if action not in ACTIONS:
        from runner.spec.mistakes import did_you_mean

        hint = did_you_mean(action, ACTIONS, "the actions are")
        raise WfError(USAGE, f"there is no action `{action}`", hint=hint)
    arguments: argparse.Namespace = module(action).parser().parse_args(words[1:])
    arguments.action = action
    return arguments


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Do it."""
    return int(module(arguments.action).execute(arguments, context))


def module(action: str) -> ModuleType:
    """Where an action is; imported only when it is asked for."""
    from importlib import import_module

    return import_module(f"{__name__}.{action}")
