"""``wf prune``: remove runs that nobody needs any more."""

from __future__ import annotations

from math import inf
from typing import TYPE_CHECKING, Any, NamedTuple

from runner.artifacts.store.pool import Pool
from runner.cli.arguments import Parser
from runner.cli.settled import settled
from runner.errors import OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse

    from runner.cli.context import Context
    from runner.paths import Home
    from runner.records.index import Row
    from runner.records.pruning import Chosen, Rules
    from runner.records.store import Records

_DAYS = 30
_DAY = 86400.0
# so many names fit a line
_FEW = 3


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "prune",
        "Remove runs that nobody needs any more, with their logs and artifacts. What goes on,\n"
        "carries a tag, is the newest success of its workflow, or has become part of a run that\n"
        "stays, is kept.",
        [
            ("wf prune --dry-run", f"what has been over for {_DAYS} days, and how much it takes"),
            ("wf prune --older-than 90d", "remove what has been over for longer than that"),
            ("wf prune --keep 5", "all but the newest five of each workflow"),
            ("wf prune --status failed,lost --older-than off", "whatever failed, of any age"),
        ],
    )
    made.add_argument(
        "--older-than", metavar="TIME",
        help=f"over for so long: 7d, 12h; `off` for any age; {_DAYS}d if neither this nor --keep",
    )  # fmt: skip
    made.add_argument(
        "--keep", metavar="N", help="of each workflow in a project the newest N stay, whatever else"
    )
    made.add_argument(
        "--status", metavar="STATUS", help="only what ended so: succeeded, failed, cancelled, lost"
    )
    made.add_argument("-y", "--yes", action="store_true", help="do not ask, on a terminal")
    made.add_argument("--dry-run", action="store_true", help="only say what would go")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Remove them."""
    from runner.engine.ending import leftovers
    from runner.records import pruning

    rules = _rules(arguments)
    records = settled(context)
    if not arguments.dry_run:
        leftovers.sweep(context.settings.home, context.now().timestamp())
    shared, unshared = _share(records.home, context)
    chosen = pruning.choose(records, rules, context.now())
    sizes, freed = _sizes(records, chosen, context)
    pool = Pool(records.home.objects)
    if arguments.dry_run:
        room = _Room(sizes, freed, pool.unneeded(), _pulls(arguments, rules, context))
        return _told(arguments, context, chosen, room, unshared)
    if chosen.gone and not arguments.yes and not arguments.json and _on_a_terminal(context):
        _list(context, chosen, sizes)
        if not _agreed(context):
            context.err.write("nothing was removed\n")
            return _ended(context, unshared)
    removed, freed, failure = _remove(records, chosen, context)
    room = _Room(sizes, freed, pool.sweep(), _pulls(arguments, rules, context), shared)
    return _told(arguments, context, chosen._replace(gone=removed), room, unshared or failure)


def _told(
    arguments: argparse.Namespace,
    context: Context,
    chosen: Chosen,
    room: _Room,
    failure: WfError | None,
) -> int:
    """Say what was done, in one document where a program reads it, and what went wrong."""
    if arguments.json:
        context.say_json(_document(chosen, room, failure, dry_run=arguments.dry_run))
    else:
        _say(context, chosen, room, dry_run=arguments.dry_run)
    return _ended(context, failure)


def _ended(context: Context, failure: WfError | None) -> int:
    """What could be done is done; what could not is an error all the same."""
    if failure is None:
        return OK
    from runner.cli.render.problems import show_error

    show_error(failure, context.err, context.variables)
    return failure.kind


def _rules(arguments: argparse.Namespace) -> Rules:
    from runner.cli.choices import option_value
    from runner.cli.counts import count_option
    from runner.records.pruning import Rules
    from runner.spec import text

    keep, age = arguments.keep, arguments.older_than
    newest = count_option("--keep", keep, "wf prune --keep 5")
    over_for: float | None = option_value("--older-than", age, text.duration) or None
    if age is None and keep is None:
        over_for = _DAYS * _DAY
    return Rules(over_for, newest or 0, _statuses(arguments.status))


def _statuses(written: str | None) -> frozenset[str]:
    from runner.records.state import TERMINAL

    found = frozenset(written.split(",")) if written is not None else frozenset()
    for word in found:
        if word not in TERMINAL:
            from runner.spec.mistakes import did_you_mean

            raise WfError(
                USAGE,
                f"--status: no run ends as `{word}`",
                hint=did_you_mean(word, TERMINAL, "runs end as"),
            )
    return found


class _Room(NamedTuple):
    """The bytes that each run gives back on its own, all of them do together, and others do.

    The pool has files that no run has, where a crash has left them; ``pulls`` is what has come of
    runs on remote stores that somebody began to pull. ``shared`` is what was given back before, as
    equal files were made one.
    """

    sizes: dict[str, int]
    runs: int
    pool: int
    pulls: int
    shared: int = 0


def _share(home: Home, context: Context) -> tuple[int, WfError | None]:
    """Do what is still to be done of runs that have just ended, or nobody could say what is freed.

    Answers the bytes that freed, and the first thing that went wrong.
    """
    from runner.cli.render.progress import Counted
    from runner.engine.ending.sharing import pending, share

    runs = pending(home)
    freed, failure = 0, None
    with Counted("sharing equal files of run", len(runs), context.err, context.variables) as told:
        for paths in told.each(runs):
            try:
                freed += share(paths, home)
            except WfError as error:
                failure = failure or error
    return freed, failure


def _sizes(records: Records, chosen: Chosen, context: Context) -> tuple[dict[str, int], int]:
    """What each run would free which is to go, and all of them together, in bytes."""
    from runner.artifacts.store.room import Freeing
    from runner.cli.render.progress import Counted

    freeing = Freeing(Pool(records.home.objects) if chosen.gone else None)
    with Counted("looking at run", len(chosen.gone), context.err, context.variables) as counted:
        sizes = {
            row.name: freeing.add(records.home.run(row.name).root)
            for row in counted.each(chosen.gone)
        }
    return sizes, freeing.bytes


def _pulls(arguments: argparse.Namespace, rules: Rules, context: Context) -> int:
    """The bytes of pulls that nobody has gone on with for as long as runs are to be over.

    Where no time is said, as with ``--keep``, for as long as by default.
    """
    from runner.artifacts.remote.stage import sweep

    before = context.now().timestamp() - (rules.over_for or _DAYS * _DAY)
    if arguments.older_than and rules.over_for is None:
        before = inf
    return sweep(context.settings.cache.pulls, before, dry_run=arguments.dry_run)


def _remove(
    records: Records, chosen: Chosen, context: Context
) -> tuple[tuple[Row, ...], int, WfError | None]:
    """What was removed, the bytes that freed, and the first thing that went wrong."""
    from runner.cli.render.progress import Counted
    from runner.records import pruning

    removed: list[Row] = []
    freed = 0
    failure: WfError | None = None
    with Counted("removing run", len(chosen.gone), context.err, context.variables) as counted:
        for one in counted.each(pruning.remove(records, chosen)):
            failure = failure or one.error
            if one.error is None:
                removed.append(one.row)
                freed += one.freed
    return tuple(removed), freed, failure


def _on_a_terminal(context: Context) -> bool:
    import sys

    return sys.stdin.isatty() and context.err.isatty()


def _agreed(context: Context) -> bool:
    import sys

    context.err.write("remove them? [y/N] ")
    context.err.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def _say(context: Context, chosen: Chosen, room: _Room, *, dry_run: bool) -> None:
    """What went, or would go, and what it frees."""
    from runner.units import amount, count

    told = context.err
    if dry_run:
        _list(context, chosen, room.sizes)
        told.writelines(f"{kept.run} stays: {kept.reason}\n" for kept in chosen.kept)
    elif chosen.kept:
        are = "is" if len(chosen.kept) == 1 else "are"
        told.write(
            f"{count(len(chosen.kept), 'run')} of that age {are} needed; --dry-run says what for\n"
        )
    would = ("would remove", "free") if dry_run else ("removed", "freed")
    if chosen.gone:
        runs = count(len(chosen.gone), "run")
        told.write(f"{would[0]} {runs}{_which(chosen)} and {would[1]} {amount(room.runs)}\n")
    more = {
        "files that no run has any more": room.pool,
        "what came of pulls that nobody finished": room.pulls,
    }
    told.writelines(
        f"{would[0]} {what} and {would[1]} {amount(size)}\n" for what, size in more.items() if size
    )
    if room.shared:
        told.write(f"kept equal files once and freed {amount(room.shared)}\n")
    if not (chosen.gone or any(more.values()) or room.shared):
        told.write("nothing to remove\n")


def _which(chosen: Chosen) -> str:
    """The names, where there are few."""
    names = [row.name for row in chosen.gone]
    return f" ({', '.join(names)})" if len(names) <= _FEW else ""


def _list(context: Context, chosen: Chosen, sizes: dict[str, int]) -> None:

    from runner.cli.render.style import style
    from runner.cli.render.table import since, table
    from runner.units import amount

    if not chosen.gone:
        return
    now = context.now()

    rows = [
        (
            row.name,
            row.workflow or "-",
            row.status,
            since(row.finished_at or "", now),
            amount(sizes[row.name]),
        )
        for row in chosen.gone
    ]
    dress = style(context.out, context.variables)
    header = ("RUN", "WORKFLOW", "STATUS", "OVER FOR", "SIZE")
    context.out.write(table(header, rows, dress, lambda at, _: ("bold",) if at == 0 else ()))
    context.out.flush()


def _document(
    chosen: Chosen, room: _Room, failure: WfError | None, *, dry_run: bool
) -> dict[str, Any]:
    from runner.cli.render.problems import error_document

    return {
        "dry_run": dry_run,
        "removed": [
            {
                "name": row.name,
                "workflow": row.workflow or None,
                "status": row.status,
                "finished_at": row.finished_at,
                "bytes": room.sizes[row.name],
            }
            for row in chosen.gone
        ],
        "kept": [{"name": kept.run, "reason": kept.reason} for kept in chosen.kept],
        "freed_bytes": room.runs + room.pool + room.pulls + room.shared,
        "error": None if failure is None else error_document(failure),
    }
