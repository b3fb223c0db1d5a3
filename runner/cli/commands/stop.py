"""``wf stop``: end runs that are going on."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from runner.cli.arguments import RUN, Parser
from runner.cli.render.style import harmless
from runner.cli.settled import settle, settled
from runner.errors import BUSY, OK, USAGE, WfError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence

    from runner.cli.context import Context
    from runner.cli.render.ends import Waited
    from runner.engine.ending.stop import Stop, StopCarrier
    from runner.paths import RunPaths
    from runner.records.store import Records

_MOVES_SECONDS = 0.2


def parser() -> Parser:
    """The arguments."""
    made = Parser(
        "stop",
        "End runs, and wait until they have ended. The job is asked to end (SIGTERM) and has 30\n"
        "seconds (its stop_duration) to do so; then it is killed. What it made is kept.",
        [
            ("wf stop wet-mango-1", "end a run"),
            ("wf stop -a", "all that are going on, and `wf run --all` itself"),
            ("wf stop last --abort", "at once, and keep nothing of what it made"),
        ],
    )
    made.add_argument("runs", metavar="RUN", nargs="*", help=RUN)
    made.add_argument("-a", "--all", action="store_true", help="all runs that are going on")
    made.add_argument(
        "-x",
        "--abort",
        action="store_true",
        help="kill it at once, and collect no artifacts",
    )
    made.add_argument("-y", "--yes", action="store_true", help="nothing: wf asks no questions")
    made.add_json()
    return made


def execute(arguments: argparse.Namespace, context: Context) -> int:
    """End them; 75 if there is one that cannot be ended now."""
    from runner.cli.render.ends import Waited

    if bool(arguments.runs) == arguments.all:
        what = "name either runs or --all" if arguments.all else "which run?"
        raise WfError(USAGE, what, hint="`wf ps` lists what is going on; `wf stop -a` ends all")
    records = settled(context)
    shown = Waited(context.err, context.variables)
    ending = _Ending(records, shown, context, abort=arguments.abort)
    if arguments.all:
        ending.all()
    else:
        found = {paths.root: paths for paths in map(records.find, arguments.runs)}
        ending.some(list(found.values()))
    if arguments.json:
        from runner.records.looking import with_metrics

        home = records.home
        context.say_json([with_metrics(one, home.run(one["name"])) for one in ending.documents])
    return BUSY if ending.left else OK


class _Ending:
    """The end of several runs."""

    def __init__(self, records: Records, shown: Waited, context: Context, *, abort: bool) -> None:
        self.documents: list[dict[str, Any]] = []
        self.left = False
        """There is a run that goes on."""
        self._records = records
        self._shown = shown
        self._context = context
        self._abort = abort

    def all(self) -> None:
        """All that go on, and before that what would begin more."""
        from runner.engine.ending.stop import Stop, StopCarrier
        from runner.records import carriers

        for paths in self._going(set()):
            Stop(paths, self._context.now(), abort=self._abort).note()
        found = carriers.living(self._records.home.submissions)
        several = [StopCarrier(carrier, abort=self._abort) for carrier in found]
        for one in several:
            one.ask()
        heard = {one.carrier.pid for one in several if one.trouble is None}
        known: set[str] = set()
        while new := self._going(known):
            known.update(paths.root.name for paths in new)
            self.some(new, heard)
        for one in several:
            self._carrier_over(one)
        if not known and not several:
            self._shown.say("nothing is going on")

    def _going(self, known: set[str]) -> list[RunPaths]:
        rows = self._records.index().unfinished()
        return [self._records.home.run(row.name) for row in rows if row.name not in known]

    def _carrier_over(self, stop: StopCarrier) -> None:
        pid, what = stop.carrier.pid, f"`{harmless(stop.carrier.command)}`"
        if stop.wait():
            self._shown.say(f"{what} has ended (process {pid}): it starts nothing more")
            return
        self.left = True
        if stop.trouble == "foreign":
            self._shown.say(f"{what} is another user's (process {pid}): only they can end it")
            return
        self._shown.say(
            f"{what} will end when its wf goes on: that stands still (process {pid}, SIGSTOP)\n"
            f"hint: kill -CONT {pid}, or end it all the same: wf stop --all --abort"
        )

    def some(self, runs: Sequence[RunPaths], passed_on: Collection[int] = ()) -> None:
        """These; ``passed_on``: these processes have asked those that they carry out."""
        from runner.engine.ending.stop import Stop
        from runner.records import folder

        stops = []
        for paths in runs:
            known = folder.read_state(paths)
            if known is not None and known.terminal:
                self._over(paths, before=True)
                continue
            stop = Stop(paths, self._context.now(), abort=self._abort)
            stop.ask(passed_on)
            stops.append(stop)
        try:
            self._wait(stops)
        finally:
            self._shown.still()

    def _wait(self, stops: list[Stop]) -> None:
        while stops:
            self._shown.move("ending", [stop.paths.root.name for stop in stops])
            ended = [stop for stop in stops if stop.wait(_MOVES_SECONDS / len(stops))]
            if ended:
                settle(self._records, self._context)
            for stop in ended:
                self._over(stop.paths)
            stops = [stop for stop in stops if stop not in ended and not self._hopeless(stop)]

    def _over(self, paths: RunPaths, *, before: bool = False) -> None:
        from runner.records.codes import of_document

        document = self._records.document(paths)
        self.documents.append(document)
        self.left = self.left or of_document(document) is None
        self._shown.ended(document, before=before)

    def _hopeless(self, stop: Stop) -> bool:
        """Whether waiting leads nowhere."""
        if stop.trouble is None or (self._abort and stop.trouble == "halted"):
            return False
        name, pid = stop.paths.root.name, stop.pid
        if stop.trouble == "foreign":
            self._shown.say(f"{name} is another user's (process {pid}): only they can end it")
        else:
            self._shown.say(
                f"{name} will end when its wf goes on: that stands still (process {pid}, SIGSTOP)\n"
                f"hint: kill -CONT {pid}, or end it all the same: wf stop --abort {name}"
            )
        self.documents.append(self._records.document(stop.paths))
        self.left = True
        return True
