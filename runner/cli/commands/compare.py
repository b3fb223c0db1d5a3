"""``wf compare``: runs side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK, USAGE, WfError
from runner.units import listed

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from runner.cli.context import Context
    from runner.paths import RunPaths
    from runner.records.comparing.comparison import Comparison
    from runner.records.comparing.facts import Facts
    from runner.records.store import Records

_MOST = 50


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "compare",
        "Show runs side by side: how long each part took, samples a second, speed-up and scaling\n"
        "efficiency against the first one, metrics, memory, and what was different.",
        [
            ("wf compare wet-mango-1 calm-fox-2", "two runs"),
            ("wf compare :best last", "the last run, and the one tagged best"),
            ("wf compare train-one-gpu train-two-gpus", "the last run of each workflow"),
            ("wf compare 'train-*'", "the last run of each workflow of such a name"),
            ("wf compare 'train-*' --plot runs.png", "their curves, speed-up and phases, drawn"),
            ("wf compare 'train-*' --json", "for programs"),
        ],
    )
    made.add_argument(
        "runs",
        metavar="RUN",
        nargs="+",
        help="a name, its first letters, `last`, `:TAG`; a workflow or a pattern for its last run",
    )
    made.add_argument("--plot", metavar="FILE", help="draw them: a .png, .svg or .pdf file")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Compare them."""
    from runner.records.comparing.comparison import compare

    if arguments.plot is not None:
        from runner.cli.render.picture import usable

        usable(arguments.plot)
    runs = _gathered(arguments.runs, context)
    _say_what_lacks(runs, context)
    compared = compare(runs)
    if arguments.plot is not None:
        _draw(compared, arguments.plot, context)
    if arguments.json:
        context.say_json(compared.document())
        return OK
    from runner.cli.render.compare import show_comparison

    show_comparison(compared, context.out, context.variables)
    return OK


def _gathered(words: Sequence[str], context: Context) -> list[Facts]:
    """The facts of all runs that are meant, each once, in the order in which they were named.

    Raises:
        WfError: kind ``USAGE`` when a word names none, when they are fewer than two or too many to
            be compared, and when one is no run of a workflow.
    """
    from runner.records.comparing.gathering import gather

    records = settled(context)
    meant = _meant(words, records, context)
    if len(meant) == 1:
        raise WfError(
            USAGE,
            f"there is nothing to compare {meant[0].root.name} with",
            hint="name two runs or more; `wf ps -a` lists all runs",
        )
    if len(meant) > _MOST:
        raise WfError(
            USAGE,
            f"these are {len(meant):,} runs, and at most {_MOST} are compared",
            hint="name fewer of them",
        )
    found = [(paths, records.document(paths)) for paths in meant]
    for _, document in found:
        if document["workflow"] is None:
            raise WfError(
                USAGE,
                f"{document['name']} has files that were added by hand, and no run made them",
                hint=f"compare files: wf artifacts diff {document['name']} last",
            )
    now = context.now()
    return [gather(paths, document, now) for paths, document in found]


def _meant(words: Sequence[str], records: Records, context: Context) -> list[RunPaths]:
    from runner.workspace import project

    root = project.find(context.cwd)
    here = None if root is None else str(root)
    found = [paths for word in words for paths in records.find_all(word, here)]
    return list({paths.root: paths for paths in found}.values())


def _say_what_lacks(runs: Sequence[Facts], context: Context) -> None:
    """What a reader of the table might take for more than it is."""
    for run in runs:
        if not run.over:
            context.tell(f"note: {run.run} is still {run.status}; this is what there is so far")
    without = [run.run for run in runs if run.over and not run.metrics]
    if without:
        what = "keeps" if len(without) == 1 else "keep"
        context.tell(f"note: {listed(without)} {what} no metrics among the artifacts")


def _draw(compared: Comparison, file: str, context: Context) -> None:
    from runner.cli.render.picture import draw

    draw(compared, context.cwd / file)
    context.tell(f"drawn: {file}")
