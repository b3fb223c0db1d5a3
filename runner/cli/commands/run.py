"""``wf run``: run a workflow, attached."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.arguments import Parser
from runner.cli.context import workflow_files

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.process import Signals


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
            ("wf run train-mnist-no-gpu -e SEED=7", "with a variable"),
            ("wf run train-mnist-no-gpu --json", "the run as JSON when it has ended"),
        ],
    )
    choices.add(made)
    made.add_argument(
        "--no-wait", action="store_true", help="exit 75 instead of waiting for busy devices"
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
    from runner.cli.render.live import Watcher
    from runner.cli.render.problems import show_notices
    from runner.engine.parts import Session
    from runner.engine.prepare import prepare, shortage
    from runner.engine.run import execute as run_plan
    from runner.process import Signals
    from runner.terminal import window_size

    source = workflow_files(context, arguments.file)
    chosen = choices.read(arguments, arguments.args, context.variables)
    opened = choices.open_chosen(parser(), source, arguments.workflow, chosen)
    planned = prepare(opened, arguments.workflow, chosen)
    parts = compose.parts(context.settings, context.variables, context.now)
    lacking = shortage(opened, planned, parts.inventory)
    if lacking is not None:
        raise lacking
    signals = Signals()
    _listen(signals)
    # with --json stdout belongs to the document, and the job's output goes where talk goes
    output = context.err if arguments.json else context.out
    workflow = opened.find(arguments.workflow)
    show_notices(workflow.notices, context.err, context.variables, hints=False)
    where = f"{workflow.file}:{opened.line(workflow)}"
    with Watcher(context.err, output, context.variables, where) as watcher:
        session = Session(
            observer=watcher,
            signals=signals,
            variables=context.variables,
            terminal=window_size() if output.isatty() else None,
            wait=not arguments.no_wait,
        )
        finished = run_plan(planned, opened.root, parts, session)
        watcher.finish(finished.document)
    if arguments.json:
        context.say_json(finished.document)
    return finished.exit_code


def _listen(signals: Signals) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH):
        signal.signal(number, signals.arrived)
