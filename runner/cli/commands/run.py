"""``wf run``: run a workflow with what it depends on, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.cli import choices
from runner.cli.arguments import Parser
from runner.cli.settled import settle
from runner.cli.tags import tag_name
from runner.errors import OK, USAGE, WfError
from runner.units import count

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from runner.cli.context import Context
    from runner.cli.running import Runner
    from runner.cli.wanted import Asker, Wanted
    from runner.engine.basis import Basis
    from runner.engine.files import WorkflowFiles
    from runner.engine.parts import Parts, Rules
    from runner.plan.plan import Plan


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "run",
        "Run a workflow on a snapshot of the project and show its output until it ends.\n"
        "The exit code is the script's own; wf's own failures use 64 to 78.",
        [
            ("wf run train-mnist-no-gpu", "run it"),
            ("wf run train-mnist-no-gpu -- --epochs 3", "with words for the script"),
            ("wf run train-mnist-one-gpu --gpus 0", "on the CPU after all"),
            ("wf run train-mnist-multi-gpu --simulate-gpus", "with ranks on the CPU for GPUs"),
            ("wf run train-mnist-no-gpu -e SEED=7", "with a variable"),
            ("wf run train-mnist-no-gpu -t best", "and give the run a tag"),
            ("wf run --locked last", "the last run once more, exactly as it was"),
            ("wf run train-mnist-no-gpu -d", "in the background"),
            ("wf run train-mnist-no-gpu --json", "the run as JSON when it has ended"),
            ("wf run --all --keep-going", "every workflow, in the order they need each other"),
        ],
    )
    choices.add(made)
    add_running(made)
    made.add_argument(
        "--parallel", metavar="N", help="so many jobs at once (default: as many as fit)"
    )
    made.add_argument(
        "--keep-going", action="store_true", help="with --all: a failure does not end the rest"
    )
    made.add_argument("--dry-run", action="store_true", help="show the plan only (`wf plan`)")
    return made


def add_running(made: Parser) -> None:
    """Options on how a run goes."""
    made.add_argument(
        "-d", "--detach", action="store_true",
        help="run it in the background: print the run's name and end",
    )  # fmt: skip
    made.add_argument(
        "--no-wait", action="store_true", help="exit 75 instead of waiting for busy devices"
    )
    made.add_argument(
        "-t", "--tag", metavar="TAG", help="a tag for the run, if it succeeds (moves it there)"
    )
    made.add_argument(
        "--no-status", action="store_true", help="no line below the output that tells how far it is"
    )


parse = choices.parse


class Going(NamedTuple):
    """How what is asked for is carried out: with what, by which rules, and what is said of it.

    ``parts`` makes the parts anew, for a child.
    """

    parts: Callable[[], Parts]
    own: Parts
    rules: Rules
    tag: str | None
    json: bool
    detached: bool
    status: bool


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Run it; the code is the job's own, or that of wf's failure."""
    if arguments.dry_run:
        from runner.cli.commands import plan

        return plan.execute(arguments, context)
    from runner.cli.asking import asked_for
    from runner.cli.counts import count_option
    from runner.cli.wanted import Asker

    how = going(arguments, context)
    limit = count_option("--parallel", arguments.parallel, "wf run --all --parallel 2", least=1)
    how = how._replace(rules=how.rules._replace(limit=limit, keep_going=arguments.keep_going))
    if how.tag is not None and arguments.all:
        raise WfError(
            USAGE, "a tag is for one run, and --all makes many", hint="wf tags add TAG RUN"
        )
    if how.detached and arguments.all and how.json:
        hint = "leave away --json, and look at them with `wf ps -a --json`"
        raise WfError(USAGE, "with --all, -d has nothing to print", hint=hint)
    asker = Asker(parser(), context, how.own)
    with asked_for(asker, arguments) as wanted:
        return go(asker, wanted, how)


def going(arguments: argparse.Namespace, context: Context) -> Going:
    """How it is carried out, by the options of :func:`add_running`."""
    from runner import compose
    from runner.engine.parts import Rules

    own = compose.parts(context.settings, context.variables, context.now, context.tell)

    def parts() -> Parts:
        return compose.parts(
            context.settings, context.variables, context.now, context.tell, own.environments
        )

    tag = None if arguments.tag is None else tag_name(arguments.tag)
    rules = Rules(wait=not arguments.no_wait)
    return Going(parts, own, rules, tag, arguments.json, arguments.detach, not arguments.no_status)


def go(asker: Asker, wanted: Wanted, how: Going) -> int:
    """Plan what is wanted and carry it out; the exit code."""
    from runner.cli.again import told_changes
    from runner.cli.render.problems import show_faulty, show_notices
    from runner.cli.running import Runner
    from runner.engine.graph import plan_graph
    from runner.engine.prepare import shortage, without_conda
    from runner.engine.simulated import unused

    context = asker.context
    opened, own, chosen = wanted.opened, how.own, wanted.asked.choices
    planned, basis = plan_graph(opened, wanted.asked, wanted.basis, own)
    runner = Runner(
        context,
        opened,
        how.parts,
        own,
        how.rules,
        quiet_output=how.json,
        detaches=how.detached,
        tag=how.tag,
        status=how.status,
    )
    if any(job.demand.leased for job in planned.to_run):
        settle(own.records, context)  # what is left of a run whose wf was killed stands in the way
    if planned.everything:
        show_notices(unused(planned, chosen), context.err, context.variables)
        _tell_aged(planned, opened, context)
        return _run(runner, planned, basis, how)
    lacking = shortage(opened, planned, own.inventory) or without_conda(
        opened, planned, context.variables
    )
    if lacking is not None:
        raise lacking
    notices = [
        notice
        for job in planned.to_run
        for notice in (*opened.find(job.workflow).notices, *job.notices)
    ]
    notices += unused(planned, chosen)
    show_notices(notices, context.err, context.variables, hints=False)
    show_notices(told_changes(asker, wanted, basis), context.err, context.variables)
    show_faulty(opened.faulty, context.err, context.variables)
    _tell_aged(planned, opened, context)
    return _run(runner, planned, basis, how)


def _run(runner: Runner, planned: Plan, basis: Basis, how: Going) -> int:
    """Have it carried out, and show it until it ends or nobody wants to see more of it."""
    from runner.cli.hearing import Leaving, left

    context = runner.context
    if how.detached:
        return _submit(runner, planned, basis, how)
    try:
        outcome = runner.run(planned, basis)
    except Leaving as leaving:
        return left(leaving, context.err, runner.shown)
    if how.json:
        made = outcome.document(how.own)
        context.say_json(made if planned.everything else made["runs"][-1])
    return outcome.exit_code


def _submit(runner: Runner, planned: Plan, basis: Basis, how: Going) -> int:
    """Have it carried out in the background; scripts get the run's name, or its document."""
    context = runner.context
    run = runner.submit(planned, basis)
    if run is None:
        jobs = count(len(planned.to_run), "workflow")
        context.err.write(
            f"{jobs} in the background; `wf ps -a` lists the runs, `wf stop -a` ends all\n"
        )
        return OK
    if how.json:
        records = how.own.records
        context.say_json(records.document(records.home.run(run)))
    else:
        context.out.write(f"{run}\n")
    context.err.write(f"it goes on in the background; `wf attach {run}` shows it\n")
    return OK


def _tell_aged(planned: Plan, opened: WorkflowFiles, context: Context) -> None:
    """One line on scripts that use what was removed; `wf validate` shows all of it."""
    jobs = [job for job in planned.to_run if not job.environment.bare]
    if not jobs:
        return  # and need not load the tables
    from runner.cli.render.problems import show_aged
    from runner.engine.ageing import Ageing

    ageing = Ageing(opened.root, context.variables)
    found = ageing.warnings(job for job in jobs if ageing.worth_it(job))
    show_aged(found, context.err, context.variables)
