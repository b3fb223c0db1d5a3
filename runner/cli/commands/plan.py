"""``wf plan``: what a run would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.arguments import Parser
from runner.cli.context import workflow_files
from runner.cli.locked import with_locked
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
            ("wf plan --all", "every workflow, in the order they need each other"),
        ],
    )
    choices.add(made)
    return made


parse = choices.parse


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print the plan; exit 69 when this machine can never run it."""
    from runner import compose
    from runner.cli.render.plan import plan_document, show_plan
    from runner.cli.render.problems import show_error, show_faulty, show_notices
    from runner.engine.basis import look
    from runner.engine.graph import Asked, plan_graph
    from runner.engine.prepare import shortage
    from runner.engine.simulated import unused

    source = workflow_files(context, arguments.file)
    chosen = choices.read(arguments, arguments.args, context.variables)
    opened = choices.open_chosen(parser(), source, arguments.workflow, chosen)
    if not arguments.all:
        opened.find(arguments.workflow)
    parts = compose.parts(context.settings, context.variables, context.now, context.tell)
    chosen = with_locked(chosen, arguments.locked, parts.records)
    asked = Asked(arguments.workflow, chosen, context.today(), arguments.fresh)
    planned, _ = plan_graph(
        opened, asked, look(opened.root, context.variables, context.outputs()), parts
    )
    ready = {
        job.workflow: parts.environments.ready(job.environment) is not None
        for job in planned.to_run
    }
    lacking = shortage(opened, planned, parts.inventory)
    if arguments.json:
        context.say_json(plan_document(planned, ready, lacking))
    else:
        show_plan(planned, ready, context.out, context.variables)
        context.out.flush()
        notices = [
            notice
            for job in planned.jobs
            for notice in (*opened.find(job.workflow).notices, *job.notices)
        ]
        notices += unused(planned, chosen)
        show_notices(notices, context.err, context.variables)
        show_faulty(opened.faulty, context.err, context.variables)
        if lacking is not None:
            show_error(lacking, context.err, context.variables)
    return OK if lacking is None else lacking.kind
