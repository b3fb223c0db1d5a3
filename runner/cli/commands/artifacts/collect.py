"""``wf artifacts collect``: keep what could not be kept when a run ended."""

from __future__ import annotations

from typing import TYPE_CHECKING

from runner.cli.arguments import RUN, Parser
from runner.cli.settled import settled
from runner.errors import OK
from runner.units import amount, count

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "artifacts collect",
        "Keep what could not be kept when a run ended, as the disk was full or a file could not\n"
        "be read. Its workspace is removed when nothing is left to be kept.",
        [("wf artifacts collect last", "the same of the last run, once there is room")],
    )
    made.add_argument("run", metavar="RUN", help=RUN)
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Collect again.

    Raises:
        WfError: kind ``STORAGE`` when something still cannot be kept.
    """
    from runner.cli.render.style import harmless
    from runner.engine.ending.recollecting import again

    records = settled(context)
    paths = records.find(arguments.run)
    done = again(records, paths)
    name = paths.root.name
    if done is None:
        context.err.write(f"nothing of {name} is left to be kept\n")
        return OK
    for remark in done.remarks:
        context.err.write(f"warning: {harmless(remark)}\n")
    if done.error is not None:
        raise done.error
    files = sum(artifact.files for artifact in done.artifacts)
    size = sum(artifact.bytes for artifact in done.artifacts)
    context.err.write(f"kept of {name}: {count(files, 'file')}, {amount(size)}\n")
    return OK
