"""``wf wait``: wait until runs have ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import RUN, Parser
from runner.cli.settled import settle, settled
from runner.errors import LOST, OK, TIMED_OUT

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runner.cli.context import Context
    from runner.cli.render.ends import Waited
    from runner.paths import RunPaths


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "wait",
        "Wait until runs have ended. The exit code is that of the run, as `wf run` would have it;\n"
        "with several, that of the first one named that did not succeed.",
        [
            ("wf wait wet-mango-1", "until it has ended"),
            ("wf wait wet-mango-1 calm-fox-2", "until both have"),
            ("wf wait last --timeout 1h", "not longer than that (exit code 124)"),
            ("wf wait last --json", "and then its record"),
        ],
    )
    made.add_argument("runs", metavar="RUN", nargs="+", help=RUN)
    made.add_argument("--timeout", metavar="TIME", help="wait no longer than that: 30s, 10m, 2h")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Wait for them."""
    from runner.cli.choices import option_value
    from runner.cli.render.ends import Waited
    from runner.records.codes import of_document
    from runner.spec import text

    limit = option_value("--timeout", arguments.timeout, text.duration) or None
    records = settled(context)
    found = {paths.root: paths for paths in map(records.find, arguments.runs)}
    shown = Waited(context.err, context.variables)
    _wait(list(found.values()), limit, shown)
    settle(records, context)
    documents = [records.document(paths) for paths in found.values()]
    codes = [of_document(document) for document in documents]
    for document in documents:
        shown.ended(document)
    if arguments.json:
        from runner.records.looking import with_metrics

        pairs = zip(documents, found.values(), strict=True)
        context.say_json([with_metrics(document, paths) for document, paths in pairs])
    if None in codes:
        # nobody carries it out any more, and its end cannot be written
        return LOST if limit is None else TIMED_OUT
    return next((code for code in codes if code), OK)


def _wait(runs: Sequence[RunPaths], limit: float | None, shown: Waited) -> None:
    """Wait until all of them have ended, or the time is over."""
    import time

    from runner.records.ends import Ends

    deadline = None if limit is None else time.monotonic() + limit
    left = [paths.root.name for paths in runs]
    try:
        for paths in runs:
            ends = Ends(paths)
            while True:
                rest = None if deadline is None else max(0.0, deadline - time.monotonic())
                if ends.wait(shown.interval if rest is None else min(rest, shown.interval or rest)):
                    break
                if rest == 0:
                    return
                shown.move("waiting for", left)
            left.remove(paths.root.name)
    finally:
        shown.still()
