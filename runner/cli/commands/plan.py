"""``wf plan``: what a run would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.errors import OK

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "plan",
        "Show exactly what `wf run WORKFLOW` would do, and why, without doing it.",
        [
            ("wf plan train-mnist-no-gpu", "what would be run, where, with what"),
            ("wf plan train-mnist-one-gpu --gpus 0", "the same with another choice"),
            ("wf plan train-mnist-no-gpu -- --epochs 3", "with words for the script"),
        ],
    )
    choices.add(made)
    return made


parse = choices.parse


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print the plan; exit 69 when this machine can never run it."""
    from runner import compose
    from runner.cli.render.plan import plan_document, show_plan
    from runner.cli.render.problems import show_error, show_notices
    from runner.engine.prepare import prepare, shortage

    source = workflow_files(context, arguments.file)
    chosen = choices.read(arguments, arguments.args, context.variables)
    opened = choices.open_chosen(parser(), source, arguments.workflow, chosen)
    planned = prepare(opened, arguments.workflow, chosen)
    cache = compose.environments(context.settings, context.variables)
    fingerprint = cache.fingerprint(planned.job.environment)
    ready = cache.ready(planned.job.environment) is not None
    lacking = shortage(opened, planned, compose.inventory(context.variables))
    if arguments.json:
        context.say_json(plan_document(planned, fingerprint, ready=ready, lacking=lacking))
    else:
        show_plan(planned, fingerprint, context.out, context.variables, ready=ready)
        context.out.flush()
        notices = opened.find(arguments.workflow).notices
        show_notices(notices, context.err, context.variables)
        if lacking is not None:
            show_error(lacking, context.err, context.variables)
    return OK if lacking is None else lacking.kind
