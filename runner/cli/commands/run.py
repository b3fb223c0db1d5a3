"""``wf run``: run a workflow with what it depends on, or all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.cli.locked import with_locked
from runner.cli.tags import tag_name
from runner.errors import USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.cli.running import Runner
    from runner.engine.basis import Basis
    from runner.engine.files import WorkflowFiles
    from runner.engine.parts import Parts
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
            ("wf run train-mnist-no-gpu --locked last", "with the packages the last run had"),
            ("wf run train-mnist-no-gpu --json", "the run as JSON when it has ended"),
            ("wf run --all --keep-going", "every workflow, in the order they need each other"),
        ],
    )
    choices.add(made)
    made.add_argument(
        "--no-wait", action="store_true", help="exit 75 instead of waiting for busy devices"
    )
    made.add_argument(
        "-t", "--tag", metavar="TAG", help="a tag for the run, if it succeeds (moves it there)"
    )
    made.add_argument(
        "--parallel", metavar="N", help="so many jobs at once (default: as many as fit)"
    )
    made.add_argument(
        "--keep-going", action="store_true", help="with --all: a failure does not end the rest"
    )
    made.add_argument(
        "--no-status", action="store_true", help="no line below the output that tells how far it is"
    )
    made.add_argument("--dry-run", action="store_true", help="show the plan only (`wf plan`)")
    return made


parse = choices.parse


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Run it; the code is the job's own, or that of wf's failure."""
    if arguments.dry_run:
        from runner.cli.commands import plan

        return plan.execute(arguments, context)
    from runner import compose
    from runner.cli.render.problems import show_faulty, show_notices
    from runner.cli.running import Runner
    from runner.engine.basis import look
    from runner.engine.graph import Asked, plan_graph
    from runner.engine.parts import Rules
    from runner.engine.prepare import shortage, without_conda
    from runner.engine.simulated import unused

    source = workflow_files(context, arguments.file)
    chosen = choices.read(arguments, arguments.args, context.variables)
    tag = _tag(arguments)
    rules = Rules(_limit(arguments.parallel), arguments.keep_going, not arguments.no_wait)
    opened = choices.open_chosen(parser(), source, arguments.workflow, chosen)
    if not arguments.all:
        opened.find(arguments.workflow)

    def parts() -> Parts:
        return compose.parts(context.settings, context.variables, context.now)

    own = parts()
    chosen = with_locked(chosen, arguments.locked, own.records)
    asked = Asked(arguments.workflow, chosen, context.today(), arguments.fresh)
    planned, basis = plan_graph(
        opened, asked, look(opened.root, context.variables, context.outputs()), own
    )
    runner = Runner(
        context,
        opened,
        parts,
        own,
        rules,
        quiet_output=arguments.json,
        tag=tag,
        status=not arguments.no_status,
    )
    if arguments.all:
        show_notices(unused(planned, chosen), context.err, context.variables)
        _tell_aged(planned, opened, context)
        return _run(runner, planned, basis, arguments)
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
    show_faulty(opened.faulty, context.err, context.variables)
    _tell_aged(planned, opened, context)
    return _run(runner, planned, basis, arguments)


def _run(runner: Runner, planned: Plan, basis: Basis, arguments: argparse.Namespace) -> int:
    """Have it carried out, and show it until it ends or nobody wants to see more of it."""
    from runner.cli.hearing import Leaving, left

    context = runner.context
    try:
        outcome = runner.run(planned, basis)
    except Leaving as leaving:
        return left(leaving, context.err, runner.shown)
    if arguments.json:
        own = runner.own
        context.say_json(outcome.document(own) if arguments.all else outcome.documents(own)[-1])
    return outcome.exit_code


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


def _limit(written: str | None) -> int | None:
    if written is None:
        return None
    if written.isdecimal() and int(written):
        return int(written)
    message = f"--parallel: a number of at least 1 is wanted, not `{written}`"
    raise WfError(USAGE, message, hint="wf run --all --parallel 2")


def _tag(arguments: argparse.Namespace) -> str | None:
    if arguments.tag is None:
        return None
    if arguments.all:
        raise WfError(
            USAGE, "a tag is for one run, and --all makes many", hint="wf tags add TAG RUN"
        )
    return tag_name(arguments.tag)
