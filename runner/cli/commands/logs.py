"""``wf logs``: what a run has printed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.paths import RunPaths

_LOOK_AGAIN_SECONDS = 0.2


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "logs",
        "Print the bytes that a run's job has written, as they are.\n"
        "For a run that never got that far, what the installer said.",
        [
            ("wf logs last", "the last run's output"),
            ("wf logs -f last", "and what is added to it, until the run ends"),
            ("wf logs last | grep val_loss", "search it"),
        ],
    )
    made.add_argument("run", metavar="RUN", help="a name, its first letters, or `last`")
    made.add_argument("-f", "--follow", action="store_true", help="until the run ends")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print them."""
    from runner.records import folder
    from runner.records.log import pour, read

    records = settled(context)
    paths = records.find(arguments.run)
    log = paths.log if paths.log.exists() or folder.alive(paths) else paths.environment_log
    if arguments.json:
        text = read(log).decode(errors="replace")
        context.say_json({"run": paths.root.name, "log": text})
        return OK
    context.out.flush()
    if arguments.follow:
        pour(log, context.out.fileno(), lambda: _more(paths))
    else:
        pour(log, context.out.fileno())
    return OK


def _more(paths: RunPaths) -> bool:
    """Whether the run still lives; a moment later, if it does."""
    import time

    from runner.records import folder

    if not folder.alive(paths):
        return False
    time.sleep(_LOOK_AGAIN_SECONDS)
    return True
