"""``wf plan``: what a run would do, without doing it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli import choices
from runner.cli.arguments import Parser
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
    from runner.cli.again import told_changes
    from runner.cli.asking import asked_for
    from runner.cli.render.plan import plan_document, show_plan
    from runner.cli.render.problems import show_error, show_faulty, show_notices
    from runner.cli.wanted import Asker
    from runner.engine.containing import is_there
    from runner.engine.graph import plan_graph
    from runner.engine.prepare import shortage
    from runner.engine.simulated import unused

    parts = compose.parts(context.settings, context.variables, context.now, context.tell)
    asker = Asker(parser(), context, parts)
    with asked_for(asker, arguments) as wanted:
        planned, basis = plan_graph(wanted.opened, wanted.asked, wanted.basis, parts)
        changed = told_changes(asker, wanted, basis)
    opened = wanted.opened
    ready = {
        job.workflow: is_there(job) or parts.environments.ready(job.environment) is not None
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
        notices += unused(planned, wanted.asked.choices)
        show_notices([*notices, *changed], context.err, context.variables)
        show_faulty(opened.faulty, context.err, context.variables)
        if lacking is not None:
            show_error(lacking, context.err, context.variables)
    return OK if lacking is None else lacking.kind
