"""``wf ps``: runs as a list."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from runner.cli.context import Context
    from runner.records.index import Row

_COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "lost": "red",
    "cancelled": "yellow",
    "waiting": "yellow",
}

# lines that are shown together; more than a screen has
_PAGE = 100


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "ps",
        "List the runs that are going on, or else the last one.",
        [
            ("wf ps", "what is going on"),
            ("wf ps -a", "all runs"),
            ("wf ps -n 5 --json", "the newest five, for programs"),
        ],
    )
    made.add_argument("-a", "--all", action="store_true", help="all runs")
    made.add_argument("-n", "--last", metavar="N", help="the newest N runs")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """List them."""
    records = settled(context)
    index = records.index()
    rows: Iterable[Row]
    if arguments.all or arguments.last is not None:
        rows = index.newest(None if arguments.last is None else _number(arguments.last))
    else:
        rows = index.unfinished() or index.newest(1)
    if arguments.json:
        context.say_json([{**row._asdict(), "waiting": records.waiting(row)} for row in rows])
        return OK
    from runner.cli.render.style import style
    from runner.cli.render.table import flowing

    dress = style(context.out, context.variables)
    header = ("RUN", "WORKFLOW", "WHERE", "STATUS", "TOOK", "AGE")
    lines = (_cells(row, records.waiting(row), context) for row in rows)
    pages = iter(lambda: list(islice(lines, _PAGE)), [])
    shown = False
    for text in flowing(header, pages, dress, _paint):
        context.out.write(text)
        shown = True
    if not shown:
        context.err.write("no runs yet; `wf ls` lists what can be run\n")
    return OK


def _number(written: str) -> int:
    if written.isdigit():
        return int(written)
    raise WfError(USAGE, f"--last: a number is wanted, not `{written}`", hint="wf ps -n 5")


def _paint(column: int, text: str) -> tuple[str, ...]:
    if column == 0:
        return ("bold",)
    colour = _COLOURS.get(text.partition(" ")[0]) if column == 3 else None  # noqa: PLR2004
    return (colour,) if colour else ()


def _cells(row: Row, waits: dict[str, Any] | None, context: Context) -> tuple[str, ...]:
    from datetime import datetime

    from runner.cli.render.table import age
    from runner.units import duration

    def at(stamp: str) -> datetime:
        return datetime.fromisoformat(stamp.replace("Z", "+00:00"))

    now = context.now()
    end = at(row.finished_at) if row.finished_at else now
    took = duration((end - at(row.started_at)).total_seconds()) if row.started_at else "-"
    status = row.status
    if row.exit_code and row.status == "failed":
        status += f" ({row.exit_code})"
    if waits is not None:
        status = f"waiting (place {waits['place']})"
    old = age((now - at(row.submitted_at)).total_seconds())
    return (row.name, row.workflow, row.executor, status, took, old)
