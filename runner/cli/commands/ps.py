"""``wf ps``: runs as a list."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any

from runner.cli.arguments import Parser
from runner.cli.counts import count_option
from runner.cli.settled import settle, settled
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable

    from runner.cli.context import Context
    from runner.records.index import Index, Row
    from runner.records.store import Records

_COLOURS = {
    "succeeded": "green",
    "failed": "red",
    "lost": "red",
    "cancelled": "yellow",
    "waiting": "yellow",
}

_HEADER = ("RUN", "WORKFLOW", "WHERE", "STATUS", "TOOK", "AGE", "PROGRESS")
# which columns make room on a narrow screen: the order in which they go, and their least width
_ROOM = {"WHERE": (3,), "AGE": (2,), "WORKFLOW": (1, 8), "PROGRESS": (0, 40)}
_MOST_FOLLOWED = 200
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
            ("wf ps --watch", "the same, once a second, until you press q"),
            ("wf ps -n 5 --json", "the newest five, for programs"),
        ],
    )
    made.add_argument("-a", "--all", action="store_true", help="all runs")
    made.add_argument("-n", "--last", metavar="N", help="the newest N runs")
    made.add_argument("-w", "--watch", action="store_true", help="go on, until q or Ctrl-C")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """List them."""
    records = settled(context)
    if arguments.watch:
        return _watch(arguments, records, context)
    index = records.index()
    going = index.unfinished()
    rows: Iterable[Row]
    if arguments.all or arguments.last is not None:
        rows = index.newest(count_option("--last", arguments.last, "wf ps -n 5"))
    else:
        rows = going or index.newest(1)
    if arguments.json:
        context.say_json([_document(row, records) for row in rows])
        return OK
    from runner.cli.render.style import style
    from runner.cli.render.table import flowing

    dress = style(context.out, context.variables)
    if going and rows is going:
        context.out.write(_fitted(going, records, context))
        return OK
    # nothing is read of the many that are over
    told = any(records.progress(row) for row in going)
    header = _HEADER if told else _HEADER[:-1]
    lines = (_cells(row, records, context)[: len(header)] for row in rows)
    pages = iter(lambda: list(islice(lines, _PAGE)), [])
    shown = False
    for text in flowing(header, pages, dress, _paint):
        context.out.write(text)
        shown = True
    if not shown:
        context.err.write("no runs yet; `wf ls` lists what can be run\n")
    return OK


def _document(row: Row, records: Records) -> dict[str, Any]:
    waits, progress = records.waiting(row), records.progress(row)
    known = {key: None if value == "" else value for key, value in row._asdict().items()}
    return {**known, "waiting": waits, "progress": progress}


def _watch(arguments: argparse.Namespace, records: Records, context: Context) -> int:
    """What goes on, and how it ended since it was first shown."""
    if arguments.json or arguments.all:
        given = "--json" if arguments.json else "--all"
        raise WfError(USAGE, f"{given} and --watch do not go together", hint="wf ps --watch -n 20")
    from runner.cli.render.screen import watch
    from runner.cli.render.style import style

    newest = count_option("--last", arguments.last, "wf ps -n 5")
    followed: dict[str, None] = {}

    def seen() -> tuple[object, str]:
        settle(records, context)
        index = records.index()
        rows = _followed(index, followed) if newest is None else list(index.newest(newest))
        text = _fitted(rows, records, context) if rows else "nothing is going on\n"
        return [(row.name, row.status) for row in rows], text

    return watch(seen, context.out, terminal=style(context.out, context.variables).terminal)


def _fitted(rows: list[Row], records: Records, context: Context) -> str:
    """A table that fits the terminal; how far they are stands in it if any tells that."""
    from runner.cli.render.style import style
    from runner.cli.render.table import Column, fitted

    shape = [Column(title, *_ROOM.get(title, ())) for title in _HEADER]
    cells = [_cells(row, records, context) for row in rows]
    return fitted(shape, cells, style(context.out, context.variables), _paint_titled)


def _followed(index: Index, followed: dict[str, None]) -> list[Row]:
    """The runs that go on, and those that did when they were first followed; newest first."""
    going = {row.name: row for row in index.unfinished()}
    known = {name: going.get(name) or _row(index, name) for name in (*going, *followed)}
    found = [row for row in known.values() if row is not None][:_MOST_FOLLOWED]
    followed.clear()
    followed.update(dict.fromkeys(row.name for row in found))
    return found


def _row(index: Index, name: str) -> Row | None:
    return next((row for row in index.with_prefix(name, 1) if row.name == name), None)


def _paint(column: int, text: str) -> tuple[str, ...]:
    return _paint_titled(_HEADER[column], text)


def _paint_titled(title: str, text: str) -> tuple[str, ...]:
    if title == "RUN":
        return ("bold",)
    colour = _COLOURS.get(text.partition(" ")[0]) if title == "STATUS" else None
    return (colour,) if colour else ()


def _cells(row: Row, records: Records, context: Context) -> tuple[str, ...]:

    from runner.cli.render.going import in_words
    from runner.cli.render.table import age
    from runner.stamps import moment as at
    from runner.units import duration

    now = context.now()
    end = at(row.finished_at) if row.finished_at else now
    took = duration((end - at(row.started_at)).total_seconds()) if row.started_at else "-"
    status = row.status
    if row.exit_code and row.status == "failed":
        status += f" ({row.exit_code})"
    waits = records.waiting(row)
    if waits is not None:
        status = f"waiting (place {waits['place']})"
    old = age((now - at(row.submitted_at)).total_seconds())
    progress = in_words(records.progress(row))
    return (row.name, row.workflow or "-", row.executor or "-", status, took, old, progress)
