"""``wf artifacts show``: what kept files hold."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from runner.cli.addresses import ADDRESS, address, contents_of
from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK
from runner.units import count

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from runner.cli.context import Context
    from runner.records.contents import Contents
    from runner.records.looking import Looked

# of a whole run or folder; more than that is no view any more
_MOST = 100


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts show",
        "What is in the files of a run: checkpoints of Lightning and PyTorch (nothing in them\n"
        "is executed), safetensors, metrics in CSV and TensorBoard files, hyper-parameters,\n"
        "arrays of numpy, images.",
        [
            ("wf artifacts show last", "every file of the last run that wf can look into"),
            ("wf artifacts show last:model/last.ckpt", "one of them, with all its tensors"),
            ("wf artifacts show :best:lightning_logs", "those in a folder of the run tagged best"),
            ("wf artifacts show last --json", "the curves of all metrics, too"),
        ],
    )
    made.add_argument("run", metavar="RUN[:PATH]", help=ADDRESS)
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Show them."""
    from runner.records.looking import look

    run, path = address(arguments.run)
    contents = contents_of(settled(context), run)
    found = look(contents, path)
    if arguments.json:
        files = [looked.document() for looked in found]
        context.say_json({"run": contents.run, "path": path, "files": files})
        return OK
    _show(found, contents, path, context)
    return OK


def _show(found: Iterator[Looked], contents: Contents, path: str | None, context: Context) -> None:
    from runner.cli.render.readings import show_readings

    first = next(found, None)
    if first is None:
        what = contents.run if path is None else f"{contents.run}:{path}"
        context.err.write(f"{what} keeps no files that wf can look into\n")
        return
    whole = first.thing.path == path
    rest = [first, *islice(found, _MOST - 1)]
    show_readings(rest, context.out, context.variables, whole=whole)
    context.out.flush()
    more = sum(1 for _ in found)
    if more:
        context.err.write(f"and {count(more, 'file')} more: name a folder, or a file\n")
