r"""``wf attach``: show a run that goes on, as ``wf run`` does."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import RUN, Parser
from runner.cli.settled import settle, settled
from runner.errors import INTERNAL

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.cli.hearing import Hearing
    from runner.cli.watching import RunView

# the end of a run is told by the kernel, mostly
_LOOK_AGAIN_SECONDS = 1.0
_ENDING_SECONDS = 0.05


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "attach",
        "Show a run that goes on, wherever it was started, until it ends. It is shown as `wf run`\n"
        "shows it, and Ctrl-C asks it to stop as there; Ctrl-\\ leaves it, and it goes on.\n"
        "The exit code is that of the run. Of one that is over it shows the end.",
        [
            ("wf attach last", "the run that was started last"),
            ("wf attach wet-mango-1", "or one of that name"),
        ],
    )
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument(
        "--no-status", action="store_true", help="no line below the output that tells how far it is"
    )
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show it."""
    from runner.cli.hearing import Hearing, Leaving, left
    from runner.cli.render.live import Watcher
    from runner.cli.render.statusline import possible
    from runner.cli.watching import RunView
    from runner.records.codes import of_document

    records = settled(context)
    paths = records.find(arguments.run)
    project = records.document(paths)["project"] or ""
    status = not arguments.no_status and possible(context.out, context.variables)
    watcher = Watcher(
        context.err, context.out, context.variables, project, context.now, status=status
    )
    watcher.replay()
    view = RunView(paths, watcher, context)
    try:
        with Hearing() as hearing:
            hearing.shown = watcher
            hearing.kept_rows = int(status)
            _follow(view, hearing, context)
            settle(records, context)
            document = records.document(paths)
            watcher.finish(document)
    except Leaving as leaving:
        return left(leaving, context.err, paths.root.name)
    finally:
        view.close()
    code = of_document(document)
    return INTERNAL if code is None else code


def _follow(view: RunView, hearing: Hearing, context: Context) -> None:
    """Show it until nobody carries it out any more."""
    import signal

    from runner.cli.hearing import ask
    from runner.records import supervision

    def pass_on(number: int) -> None:
        if number != signal.SIGWINCH:
            ask(view.paths, number, context.now())
        supervision.send(view.paths, number)

    hearing.window = view.paths.window
    hearing.aim(pass_on)
    hearing.tell_size()
    going = True
    while going:
        # in this order: what is added before the end is shown
        going = supervision.supervised(view.paths)
        view.look()
        if going:
            view.wait([], _ENDING_SECONDS if view.ended else _LOOK_AGAIN_SECONDS)
            hearing.check()
    view.look_back()
