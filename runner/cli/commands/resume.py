"""``wf resume``: go on where a run was stopped, failed or was lost."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.arguments import RUN, Parser
from runner.cli.commands import run
from runner.cli.settled import settle
from runner.errors import UNSATISFIABLE, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

    from runner.cli.context import Context
    from runner.cli.wanted import Asker, Wanted
    from runner.engine.again.reproducing import Former
    from runner.paths import RunPaths
    from runner.plan.plan import Choices
    from runner.records.store import Records


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "resume",
        "Go on where a run was stopped, failed or was lost: a new run with the same choices,\n"
        "which finds what the former one left behind.",
        [
            ("wf resume last", "go on where the last run ended"),
            ("wf resume wet-mango-1 --locked", "with its code, and not as that is now"),
            ("wf resume wet-mango-1 --gpus 1", "with another choice"),
            ("wf resume wet-mango-1 -- --epochs 20", "with other words for the script"),
        ],
    )
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument(
        "--locked", action="store_true", help="with the code and the environment that it had"
    )
    choices.add_choices(made)
    run.add_running(made)
    made.add_json()
    return made


parse = choices.parse


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Go on; the code is the job's own, or that of wf's failure."""
    from runner.cli.wanted import Asker
    from runner.engine.again.reproducing import former

    given = choices.chosen(arguments, arguments.args, context.variables)
    how = run.going(arguments, context)
    records = how.own.records
    settle(records, context)
    paths = records.find(arguments.run)
    _check(paths, records)
    again = former(paths)
    asker = Asker(parser(), context, how.own)
    with _wanted(asker, arguments, again, replace(given, resumes=again.run)) as wanted:
        return run.go(asker, wanted, how)


def _wanted(
    asker: Asker, arguments: argparse.Namespace, again: Former, given: Choices
) -> AbstractContextManager[Wanted]:
    """What is asked for: as it is now, unless it was to be as it had been before."""
    from runner.cli.again import as_it_is, as_it_was
    from runner.cli.wanted import with_packages
    from runner.records.locked import locked_in

    records, submission = asker.parts.records, again.submission
    if arguments.locked or submission.chosen.repeats is not None:
        if arguments.packages_of is not None:
            raise WfError(
                USAGE,
                "--packages-of beside --locked, which takes the environment of the run itself",
                hint="leave one of them out",
            )
        return as_it_was(asker, again, given)
    if arguments.packages_of is not None:
        given = with_packages(given, arguments.packages_of, records)
    elif submission.locked is not None and given.python is None and given.as_of is None:
        own = records.home.run(again.run)
        named = own if own.environment.exists() else records.find(submission.locked)
        given = replace(given, locked=locked_in(named))
    return nullcontext(as_it_is(asker, again, given))


def _check(paths: RunPaths, records: Records) -> None:
    """See to it that there is something to go on with."""
    from runner.engine.again.reproducing import refuse_added
    from runner.records import manifests

    refuse_added(paths)
    document = records.document(paths)
    name, workflow = document["name"], document["workflow"]
    if document["finished_at"] is None:
        raise WfError(
            USAGE,
            f"{name} is still {document['status']}",
            hint=f"stop it first: wf stop {name}",
        )
    if document["status"] == "succeeded":
        raise WfError(
            USAGE,
            f"{name} has succeeded: there is nothing to go on with",
            hint=f"`wf run {workflow}` runs it anew; `wf run --locked {name}` exactly as it was",
        )
    if paths.manifest.exists() and not manifests.intact(paths):
        raise WfError(
            UNSATISFIABLE,
            f"not all that {name} left behind is still there",
            hint=f"`wf artifacts tree {name}` shows what it was; "
            f"`wf run {workflow}` begins at the start",
        )
