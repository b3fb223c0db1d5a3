"""``wf runners``: the machine, who holds what of it, and who waits."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.engine.runners import Runners


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "runners",
        "Show this machine: its cores, memory and GPUs, who holds what of them since when,\n"
        "and who waits. Runs of all users are shown; what they run is not.",
        [
            ("wf runners", "who has which GPU, and when it is probably free"),
            ("wf runners --watch", "the same, once a second, until you press q"),
            ("wf runners --json", "for programs"),
        ],
    )
    made.add_argument("-w", "--watch", action="store_true", help="go on, until q or Ctrl-C")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show it."""
    from runner import compose
    from runner.engine.runners import look

    if arguments.watch and arguments.json:
        raise WfError(
            USAGE, "--json prints one document, and --watch never ends", hint="leave out one"
        )
    driver = compose.driver(context.variables)
    inventory = compose.inventory(context.settings, context.variables, driver.look)
    leases = compose.leases(context.settings)
    records = compose.records(context.settings, context.now, context.tell)
    containers, no_containers = _daemon(context)

    def seen() -> Runners:
        seen = look(inventory, driver.sample, leases, records, context.now())
        return replace(seen, containers=containers, no_containers=no_containers)

    if arguments.json:
        context.say_json(seen().document())
        return OK
    from runner.cli.render.runners import page
    from runner.cli.render.screen import watch
    from runner.cli.render.style import style

    dress = style(context.out, context.variables)
    if not arguments.watch:
        context.out.write(page(seen(), dress))
        return OK

    def told() -> tuple[object, str]:
        runners = seen()
        # the terminal may have another width now
        return runners.facts, page(runners, style(context.out, context.variables), clock=True)

    return watch(told, context.out, terminal=dress.terminal)


def _daemon(context: Context) -> tuple[str | None, str | None]:
    """The daemon that runs containers, or why the one that is set up cannot be used."""
    from runner import compose
    from runner.containers.address import is_there

    if not is_there(context.variables):
        return None, None
    try:
        facts = compose.daemon(context.variables).facts
    except WfError as error:
        return None, error.message.rpartition(": ")[2]
    return f"{facts.name} · rootless" if facts.rootless else facts.name, None
