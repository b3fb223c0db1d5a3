"""``wf logs``: what a run has printed."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from runner.cli.arguments import RUN, Parser
from runner.cli.counts import count_option
from runner.cli.settled import settled
from runner.errors import OK, USAGE, WfError
from runner.units import amount

if TYPE_CHECKING:
    import argparse
    from pathlib import Path

    from runner.cli.context import Context
    from runner.paths import RunPaths
    from runner.records.changes import Changes
    from runner.records.log import Log

# the kernel tells what is added, and not that a process was killed, or lets go of a lock
_LOOK_AGAIN_SECONDS = 1.0
_ENDING_SECONDS = 0.05
# what a job prints in so short a time is shown at once
_REST_SECONDS = 0.01
# of a longer log, a document holds the end
_DOCUMENT_BYTES = 1 << 23


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "logs",
        "Print what a run's job has written; of progress bars the last state. A terminal is shown\n"
        "the end of a long log, and nothing that it would act on but colours.\n"
        "For a run that never got that far: what the installer said.",
        [
            ("wf logs last", "the last run's output"),
            ("wf logs -f last", "and what is added to it, until the run ends"),
            ("wf logs -n 20 last", "its last 20 lines"),
            ("wf logs --since 10m last", "what it has printed in the last ten minutes"),
            ("wf logs last | grep val_loss", "search it"),
            ("wf logs --raw last | sha256sum", "its very bytes"),
        ],
    )
    made.add_argument("run", metavar="RUN", help=RUN)
    made.add_argument("-f", "--follow", action="store_true", help="until the run ends")
    made.add_argument("-n", "--tail", metavar="N", help="the last N lines")
    made.add_argument(
        "-s",
        "--since",
        metavar="TIME",
        help="what came since: 10m, 2h or 1d ago, or at 2026-11-21T23:05",
    )
    made.add_argument("--raw", action="store_true", help="the very bytes that were written")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """Print them."""
    from runner.records import folder
    from runner.records.changes import Changes
    from runner.records.log import Log

    lines = count_option("--tail", arguments.tail, "wf logs -n 20 last", of="lines")
    moment = _moment(arguments.since, context)
    if arguments.json and arguments.follow:
        raise WfError(
            USAGE, "--json is one document, and --follow has no end", hint="leave one out"
        )
    records = settled(context)
    paths = records.find(arguments.run)
    installer = not paths.log.exists() and not folder.alive(paths)
    path = paths.environment_log if installer else paths.log
    if installer and records.workflow(paths.root.name) is None:
        context.err.write(f"{paths.root.name} has no log: its files were added by hand\n")
    with Log(path) as log:
        floor = 0 if moment is None else _since(path, paths, log, moment, context)
        changes = Changes(paths.root) if arguments.follow else None
        asked = _Asked(paths, log, log.size(), floor, lines, changes)
        if arguments.json:
            _document(asked, context, raw=arguments.raw)
        elif arguments.raw or (arguments.follow and not context.out.isatty()):
            _bytes(asked, context)
        else:
            _folded(asked, context)
    return OK


class _Asked(NamedTuple):
    """What is to be shown: of ``log`` from ``floor`` to ``end``, the last ``lines``."""

    paths: RunPaths
    log: Log
    end: int
    floor: int
    lines: int | None
    changes: Changes | None
    """What tells that there is more; ``None``: nobody wants more."""

    @property
    def follow(self) -> bool:
        """Whether what is added is wanted, too."""
        return self.changes is not None

    @property
    def name(self) -> str:
        """The run's."""
        return self.paths.root.name

    def more(self) -> bool:
        """Whether somebody carries the run out; if so, once there may be more of it."""
        from runner.records import supervision

        if not supervision.supervised(self.paths):
            return False
        if self.changes is not None:
            ending = self.paths.verdict.exists()
            self.changes.wait([], _ENDING_SECONDS if ending else _LOOK_AGAIN_SECONDS)
            self.changes.rest([], _REST_SECONDS)
        return True


def _moment(written: str | None, context: Context) -> int | None:
    """A time that was typed, in milliseconds since the epoch."""
    if written is None:
        return None
    from runner.cli.since import moment

    return int(moment(written, context.now()).timestamp() * 1000)


def _since(path: Path, paths: RunPaths, log: Log, moment: int, context: Context) -> int:
    """Where the part begins that was written at a time or later."""
    from runner.records.log import since

    end = log.size()
    found = since(paths.log_times, moment, end) if path == paths.log else None
    if found is not None:
        return log.line_at(found) if found < end else end
    if not end or path.stat().st_mtime * 1000 < moment:
        return end
    # of runs of before there were times, and of installers
    context.err.write("it is not known when its lines were written: here are all of them\n")
    return 0


def _document(asked: _Asked, context: Context, *, raw: bool) -> None:
    from runner.cli.render.replay import Part, plain, reach_back

    log, end = asked.log, asked.end
    part = Part(max(asked.floor, end - _DOCUMENT_BYTES), end)
    if asked.lines is not None and raw:
        part = Part(log.before(end, asked.lines, part.start), end)
    elif asked.lines is not None:
        part = reach_back(log, asked.lines, part.start, end)
    text = log.read(*part[:2]).decode(errors="replace") if raw else plain(log, part)
    context.say_json({"run": asked.name, "log": text, "offset": part.start, "size": end})


def _bytes(asked: _Asked, context: Context) -> None:
    start = asked.floor
    if asked.lines is not None:
        start = asked.log.before(asked.end, asked.lines, start)
    context.out.flush()
    going = True
    while going:
        going = asked.follow and asked.more()
        start = asked.log.send(context.out.fileno(), start)


def _folded(asked: _Asked, context: Context) -> None:
    from runner.cli.render.replay import Replay
    from runner.cli.render.style import style

    replay = Replay(asked.log, context.out, style(context.out, context.variables))
    if asked.lines is None:
        part = replay.all(asked.floor, asked.end)
    else:
        part = replay.last(asked.lines, asked.floor, asked.end)
    if asked.lines is None and part.start > asked.floor:
        context.err.write(
            f"{amount(part.start)} above this are not shown: `wf logs {asked.name} | less -R` "
            "shows all, `-n 5000` more lines, `--since 10m` the newest\n"
        )
        context.err.flush()
    replay.show(part)
    if asked.follow:
        replay.follow(part.end, asked.more)
