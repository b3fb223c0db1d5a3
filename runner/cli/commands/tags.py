"""``wf tags``: names that people give to runs."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.settled import settle
from runner.cli.tags import tag_name
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.records.store import Records

_WORDS = {"add": 2, "list": 0, "delete": 1}


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "tags",
        "Give runs names of your own. `:TAG` stands for the run wherever one is named.",
        [
            ("wf tags add best wet-mango-1", "give a run a tag, or move it there"),
            ("wf tags list", "all tags"),
            ("wf tags delete best", "take it away; the run stays"),
            ("wf show :best", "the run that carries it"),
        ],
    )
    made.add_argument("action", metavar="ACTION", help="add, list or delete")
    made.add_argument("tag", metavar="TAG", nargs="?", help="the tag")
    made.add_argument("run", metavar="RUN", nargs="?", help="a name, its first letters, or `last`")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Do it."""
    from runner import compose

    given = [word for word in (arguments.tag, arguments.run) if word is not None]
    wanted = _WORDS.get(arguments.action)
    if wanted is None:
        from runner.spec.mistakes import did_you_mean

        message = f"there is no action `{arguments.action}`"
        raise WfError(
            USAGE, message, hint=did_you_mean(arguments.action, _WORDS, "the actions are")
        )
    if len(given) != wanted:
        usage = {"add": "wf tags add TAG RUN", "list": "wf tags list"}
        hint = usage.get(arguments.action, "wf tags delete TAG")
        said = "too many words" if len(given) > wanted else "a word is missing"
        raise WfError(USAGE, said, hint=hint)
    records = compose.records(context.settings, context.now, context.tell)
    if arguments.action == "list":
        return _list(records, context, as_json=arguments.json)
    tag = tag_name(arguments.tag)
    if arguments.action == "delete":
        records.tags.delete(tag)
        context.err.write(f"deleted the tag `{tag}`\n")
        return OK
    settle(records, context)
    run = records.find(arguments.run).root.name
    before = records.tags.give(tag, run)
    moved = f", no longer to {before}" if before else ""
    context.err.write(f"gave the tag `{tag}` to {run}{moved}\n")
    return OK


def _list(records: Records, context: Context, *, as_json: bool) -> int:
    from runner.records import folder

    found = [
        {
            "tag": tag.tag,
            "run": tag.run,
            "workflow": (folder.read_submitted(records.home.run(tag.run)) or {}).get("workflow"),
            "created_at": tag.created_at,
        }
        for tag in records.tags.all()
    ]
    if as_json:
        context.say_json(found)
        return OK
    if not found:
        context.err.write("no tags yet; `wf tags add TAG RUN` gives a run one\n")
        return OK
    from runner.cli.render.style import style
    from runner.cli.render.table import since, table

    now = context.now()
    rows = [
        (
            str(tag["tag"]),
            str(tag["run"]),
            str(tag["workflow"] or "-"),
            since(str(tag["created_at"]), now),
        )
        for tag in found
    ]
    dress = style(context.out, context.variables)
    header = ("TAG", "RUN", "WORKFLOW", "AGE")
    context.out.write(table(header, rows, dress, lambda at, _: ("bold",) if at == 0 else ()))
    return OK
