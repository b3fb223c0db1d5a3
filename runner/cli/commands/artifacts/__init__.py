"""``wf artifacts``: what runs have left behind.

One file an action: ``parser()`` says what it takes, ``execute()`` does it. A new
action is a file, a line in :data:`ACTIONS`, and a section of the reference.
"""

from __future__ import annotations

from types import MappingProxyType
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
    "show": "what is in checkpoints, metrics, images",
    "cat": "write files of a run to stdout",
    "diff": "what two runs keep differently",
    "pull": "copy files of a run into a folder of yours",
    "verify": "read every byte again and compare it with what was kept",
    "open": "open them in the program of the desktop",
    "collect": "keep what could not be kept when a run ended",
    "push": "send them to a bucket, another machine, a folder",
}
"""Action -> a line for the overview; the module of that name has the rest."""

OLD_WORDS = MappingProxyType({"download": "pull", "upload": "push"})
"""What dstack called an action (July 2022 to 0.0.14) -> what it is here."""


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
            ("wf artifacts tree last:model", "every file in its folder `model`"),
            ("wf artifacts cat last:model/metrics.csv", "one of them"),
            ("wf artifacts diff wet-mango-1 last", "what is different in another run"),
            ("wf artifacts pull :best model -o out", "copies, of the run tagged `best`"),
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
    named = OLD_WORDS.get(action, action)
    if named in ACTIONS:
        arguments: argparse.Namespace = module(named).parser().parse_args(words[1:])
        arguments.action = named
        return arguments
    if any(not word.startswith("-") for word in words[1:]):
        raise _unknown(f"there is no action `{action}`", action)
    # as dstack of spring 2022 has it: `artifacts RUN`
    arguments = module("list").parser().parse_args(words)
    arguments.action = None
    return arguments


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Do it."""
    if arguments.action is None:
        _check_run(arguments.run, context)
    return int(module(arguments.action or "list").execute(arguments, context))


def _check_run(word: str, context: Context) -> None:
    """A word that is no action must be a run.

    Raises:
        WfError: kind ``USAGE`` when it is none.
    """
    from runner.cli.addresses import address
    from runner.cli.settled import settled

    try:
        settled(context).find(address(word).run)
    except WfError as error:
        raise _unknown(f"there is no action and no run `{word}`", word) from error


def _unknown(message: str, word: str) -> WfError:
    from runner.spec.mistakes import did_you_mean

    return WfError(USAGE, message, hint=did_you_mean(word, ACTIONS, "the actions are"))


def module(action: str) -> ModuleType:
    """Where an action is; imported only when it is asked for."""
    from importlib import import_module

    return import_module(f"{__name__}.{action}")
