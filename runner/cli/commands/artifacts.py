"""``wf artifacts``: what runs have left behind."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context

_ACTIONS = ("list", "tree")


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts",
        "Look at the artifacts of a run: `list` gives one line each, `tree` every file.",
        [
            ("wf artifacts list last", "what the last run left behind"),
            ("wf artifacts tree last", "every file of it, with size and digest"),
            ("wf artifacts list last --json", "the whole manifest for programs"),
        ],
    )
    made.add_argument("action", metavar="ACTION", help="list or tree")
    made.add_argument("run", metavar="RUN", help="a name, its first letters, or `last`")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show them."""
    from runner.cli.render.artifacts import show_list, show_tree
    from runner.records import folder

    if arguments.action not in _ACTIONS:
        from runner.spec.mistakes import did_you_mean

        raise WfError(
            USAGE,
            f"there is no action `{arguments.action}`",
            hint=did_you_mean(arguments.action, _ACTIONS, "the actions are"),
        )
    records = settled(context)
    paths = records.find(arguments.run)
    found: list[dict[str, Any]] = [
        {
            **artifact.summary(),
            "entries": [entry._asdict() for entry in artifact.entries()],
            "skipped": list(artifact.skipped),
        }
        for artifact in folder.read_artifacts(paths)
    ]
    if arguments.json:
        document = {
            "run": paths.root.name,
            "folder": str(paths.artifacts),
            "artifacts": found,
        }
        context.say_json(document)
        return OK
    if not found:
        context.err.write(f"{paths.root.name} has no artifacts\n")
        return OK
    show = show_list if arguments.action == "list" else show_tree
    show(paths.root.name, found, context.out, context.variables)
    context.out.flush()
    context.err.write(f"the files lie in {paths.artifacts}\n")
    return OK
