"""``wf show``: everything known about a run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import RUN, Parser
from runner.cli.settled import settled
from runner.errors import OK

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.paths import RunPaths


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "show",
        "Show everything known about a run.",
        [
            ("wf show last", "the last run"),
            ("wf show wet-mango-1", "a run by name, or by the first letters of it"),
            ("wf show last --json", "the whole record for programs"),
            ("wf show last --samples", "what it used in the course of time, as CSV"),
        ],
    )
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument(
        "--samples",
        action="store_true",
        help="what the job used in the course of time, as CSV",
    )
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show it."""
    records = settled(context)
    paths = records.find(arguments.run)
    if arguments.samples:
        return _samples(paths, context, as_json=arguments.json)
    document = records.document(paths)
    if arguments.json:
        from runner.records.looking import with_metrics

        context.say_json(with_metrics(document, paths))
        return OK
    from runner.cli.render.run import Measured, show_run
    from runner.records.looking import metrics_of
    from runner.records.samples import read

    found = Measured(read(paths.samples), metrics_of(paths))
    show_run(document, found, str(paths.root), context.out, context.variables)
    return OK


def _samples(paths: RunPaths, context: Context, *, as_json: bool) -> int:
    """The series alone, which grows while the run goes on."""
    from runner.records.samples import Samples, columns, read, written

    found = read(paths.samples) or Samples(columns(0))
    if as_json:
        context.say_json({"run": paths.root.name, "samples": found.documents()})
    else:
        context.out.write(written(found))
    return OK
