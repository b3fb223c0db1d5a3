"""A run as it goes on: phases above, then the job's own bytes, then how it ended.

The job's output is not handed over by whoever runs the job: a thread follows the log. A terminal
that stands still holds up the thread, never the job.
"""

from __future__ import annotations

import threading
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from runner import events
from runner.cli.render.failure import excerpt
from runner.cli.render.style import cut, harmless, style
from runner.cli.render.waiting import News, waiting_line
from runner.records.log import pour
from runner.units import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

    from rich.console import Console, ConsoleOptions
    from rich.status import Status
    from rich.text import Text
    from typing_extensions import Self

_LABEL = 9
# where the terminal shows ^C: at the end of the last line it would begin another
_ECHO = 3
# the screen need not have each line the moment it is there: fewer, larger pieces take less of the
# processor that the job runs on
_REST_SECONDS = 0.01


class Watcher:
    """An observer that shows a run on ``err``, and the job's output on ``out``."""

    def __init__(
        self,
        err: TextIO,
        out: TextIO,
        variables: Mapping[str, str],
        where: str,
        now: Callable[[], datetime],
    ) -> None:
        """``where`` is the place of the workflow, ``file:line``; ``now`` the clock."""
        self._err = err
        self._out = out
        self._where = where
        self._now = now
        self._dress = style(err, variables)
        self._status: Status | None = None
        self._follower: _Follower | None = None
        self._told = ""
        self._news = News()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self._quiet()
        self._end_output()

    def notify(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.JobWrote():
                if self._follower is not None:
                    self._follower.grown()
            case events.JobStarted(_, log, start):
                self._quiet()
                self._follower = _Follower(Path(log), self._out, start)
            case events.JobEnded():
                self._end_output()
            case events.PhaseStarted(phase, text):
                self._show(phase, text)
            case events.PhaseProgress(phase, text, waiting):
                self._progress(phase, text, waiting=waiting)
            case events.Waiting():
                self._wait(event)
            case events.ServiceReady(name, url):
                # told by another thread; nothing else moves while a job runs
                self._say(self._done("service", f"{name}  {url}"))
            case _:
                self._quiet()
                self._say(self._line(event))

    def _line(self, event: events.Event) -> str:
        """The line that stays on the screen for an event."""
        paint = self._dress.paint
        match event:
            case events.RunCreated(run, workflow):
                head = f"{paint('●', 'green')} {paint(run, 'bold')}"
                return f"{head}   {workflow}   {paint(self._where, 'dim')}"
            case events.PhaseFinished(phase, text, seconds):
                took = paint(f" ({duration(seconds)})", "dim") if seconds >= 1 else ""
                return self._done(phase, text) + took
            case events.Stopping(signal, after):
                return self._stopping(signal, after)
            case events.Warned(text):
                return f"{paint('warning:', 'yellow')} {harmless(text)}"
        return ""

    def _stopping(self, signal: str, after: float | None) -> str:
        if signal == "SIGKILL":
            return f"\n{self._dress.paint('killed', 'red')}"
        if after is not None:
            return f"\nthe time is up after {duration(after)} ({signal} sent); press Ctrl-C to kill"
        return f"\nstopping ({signal} sent); press Ctrl-C again to kill"

    def _done(self, phase: str, text: str) -> str:
        return f"  {phase:<{_LABEL}} {self._dress.paint('✓', 'green')} {text}"

    def finish(self, document: dict[str, Any]) -> None:
        """The last lines: how it ended, what is left, what to type next."""
        self._quiet()
        for note in document["notes"]:
            self._say(f"{self._dress.paint('note:', 'cyan')} {harmless(note)}")
        status, name = document["status"], document["name"]
        good = status == "succeeded"
        symbol = self._dress.paint("✓ " if good else "✗ ", "green" if good else "red")
        usage = document["usage"]
        took = f" in {duration(usage['wall_seconds'])}" if usage else ""
        said = self._dress.paint(status, "bold") + took
        if not good:
            said += f" · {harmless(document['message'])}"
        self._say(symbol + said)
        for line in excerpt(document["failure"], self._dress):
            self._say(line)
        if document["hint"]:
            self._say(f"{self._dress.paint('hint:', 'cyan')} {harmless(document['hint'])}")
        kept = any(artifact["files"] for artifact in document["artifacts"])
        following = f"wf artifacts tree {name}" if kept and good else f"wf show {name}"
        self._say(self._dress.paint(f"  next: {following}", "dim"))

    def _say(self, line: str) -> None:
        # a run does not end because its audience has left (a closed pipe or terminal)
        with suppress(OSError):
            self._err.write(self._dress.plain(line) + "\n")
            self._err.flush()

    def _show(self, phase: str, text: str) -> None:
        """A spinner with one line, on a terminal only."""
        if self._dress.terminal:
            self._spin(f"{phase:<{_LABEL}} {harmless(text)}")

    def _spin(self, shown: str | _Countdown) -> None:
        # the spinner takes the two columns in front
        if self._status is None:
            from rich.console import Console

            console = Console(file=self._err, highlight=False, markup=False, emoji=False)
            self._status = console.status(shown, spinner="dots")
            with suppress(OSError):
                self._status.start()
        else:
            from rich.text import Text

            self._status.update(Text(shown) if isinstance(shown, str) else shown)

    def _wait(self, event: events.Waiting) -> None:
        if self._dress.terminal:
            self._spin(_Countdown(event, self._now))
        elif self._news.of(event, time.monotonic()):
            self._stand("devices", waiting_line(event, self._now()))

    def _progress(self, phase: str, text: str, *, waiting: bool) -> None:
        self._show(phase, text)
        # without a terminal nothing moves, but why a run waits must be said once
        if not self._dress.terminal and waiting and text != self._told:
            self._told = text
            self._stand(phase, text)

    def _stand(self, phase: str, text: str) -> None:
        """A line that says why the run stands still."""
        self._say(f"  {phase:<{_LABEL}} {self._dress.paint('◌', 'yellow')} {harmless(text)}")

    def _quiet(self) -> None:
        if self._status is not None:
            with suppress(OSError):
                self._status.stop()
            self._status = None

    def _end_output(self) -> None:
        if self._follower is not None:
            self._follower.finish()
            self._follower = None


class _Countdown:
    """Why a run waits, with the time that is left whenever it is drawn."""

    def __init__(self, event: events.Waiting, now: Callable[[], datetime]) -> None:
        self._event = event
        self._now = now
        self._told = time.monotonic()

    def __rich_console__(self, _: Console, options: ConsoleOptions) -> Iterator[Text]:
        from rich.text import Text

        passed = time.monotonic() - self._told
        said = f"{'devices':<{_LABEL}} {waiting_line(self._event, self._now(), passed)}"
        yield Text(cut(said, options.max_width - _ECHO), no_wrap=True)


class _Follower:
    """Carries the log to a stream as it grows, in a thread of its own."""

    def __init__(self, log: Path, out: TextIO, start: int) -> None:
        self._log = log
        self._start = start
        self._out = out.fileno()
        out.flush()
        self._grew = threading.Event()
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._carry, name="log", daemon=True)
        self._thread.start()

    def grown(self) -> None:
        """There is more to show."""
        self._grew.set()

    def finish(self) -> None:
        """Show what is left, and end."""
        self._over.set()
        self._grew.set()
        self._thread.join()

    def _more(self) -> bool:
        self._over.wait(_REST_SECONDS)
        self._grew.wait()
        self._grew.clear()
        return not self._over.is_set()

    def _carry(self) -> None:
        # when nobody reads any more, the log still has it all
        with suppress(OSError):
            pour(self._log, self._out, self._more, start=self._start)
