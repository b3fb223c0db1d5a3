"""``wf artifacts diff``: how what one run keeps differs from what another one does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.addresses import ADDRESS, address, contents_of
from runner.cli.arguments import Parser
from runner.cli.differing import Found, Side
from runner.cli.settled import settled
from runner.errors import DIFFERENT, OK

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from runner.artifacts.looking.comparing import Difference
    from runner.artifacts.reading.contrast import Contrast
    from runner.cli.context import Context
    from runner.records.store import Records


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts diff",
        "Show what one run keeps and another one does not: files, what checkpoints hold,\n"
        "metrics, text.\n"
        "The exit code is 0 if there is no difference, and 1 if there is one.",
        [
            ("wf artifacts diff wet-mango-1 last", "two runs"),
            ("wf artifacts diff :best:model last:model", "one folder of each"),
            ("wf artifacts diff :best:report.md last:report.md", "a text, line by line"),
            ("wf artifacts diff :best last --text", "all texts, line by line"),
        ],
    )
    made.add_argument("before", metavar="RUN[:PATH]", help=ADDRESS)
    made.add_argument("after", metavar="RUN[:PATH]", help="the other one")
    made.add_argument("--text", action="store_true", help="show texts line by line")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show it."""
    from runner.artifacts.looking.comparing import difference
    from runner.artifacts.reading.contrast import measured

    records = settled(context)
    before, after = (_side(records, one) for one in (arguments.before, arguments.after))
    files = difference(before.entries, after.entries, (before.digest, after.digest))
    texts = arguments.text or (before.is_file and after.is_file)
    contents = list(_contents(before, after, files))
    metrics = measured(before.metrics(), after.metrics()) if files.any else []
    lines = list(_texts(before, after, files)) if texts else []
    found = Found(before, after, files, contents, lines, metrics)
    if arguments.json:
        context.say_json(found.document())
    else:
        from runner.cli.render.difference import show_difference

        show_difference(found, context.out, context.variables)
    return DIFFERENT if files.any else OK


def _side(records: Records, written: str) -> Side:
    run, path = address(written)
    return Side.of(contents_of(records, run), path)


def _contents(before: Side, after: Side, files: Difference) -> Iterator[tuple[str, Contrast]]:
    """What differs within files that a reader knows."""
    from runner.artifacts.reading.contrast import contrast

    for change in files.changed:
        path = change.after.path
        if change.before.kind == change.after.kind == "file":
            one, other = before.read(path), after.read(path)
            found = contrast(one, other) if one and other else None
            if found is not None:
                yield after.whole(path), found


def _texts(before: Side, after: Side, files: Difference) -> Iterator[tuple[str, list[str]]]:
    """What differs within texts."""
    from runner.artifacts.looking.lines import unified

    for change in files.changed:
        one, other = before.lines(change.before), after.lines(change.after)
        if one is not None and other is not None:
            path = change.after.path
            names = (
                f"{before.contents.run}:{before.whole(path)}",
                f"{after.contents.run}:{after.whole(path)}",
            )
            yield after.whole(path), list(unified(one, other, names))
