"""A run as it goes on: phases above, then the job's own bytes, then how it ended."""

from __future__ import annotations

import errno
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from runner import events
from runner.cli.render.failure import excerpt
from runner.cli.render.going import status_line
from runner.cli.render.moving import HIDDEN, SHOWN, begin, take_away
from runner.cli.render.replay import Replay
from runner.cli.render.statusline import TAIL, StatusLine, room, settled
from runner.cli.render.style import ECHO, cut, harmless, style
from runner.cli.render.waiting import News, waiting_line
from runner.records.log import Log
from runner.terminal import window_size
from runner.units import amount, duration

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from datetime import datetime
    from types import TracebackType

    from rich.console import Console, ConsoleOptions
    from rich.status import Status
    from rich.text import Text
    from typing_extensions import Self

_LABEL = 9
# what a pipe or a terminal says that has no reader any more, and a stream that was closed
_NOBODY = (errno.EPIPE, errno.EIO, errno.EBADF)
# of what was written before, a terminal is told the end
_TOLD_BYTES = 1 << 16


class Watcher:
    """An observer that shows a run on ``err``, and the job's output on ``out``.

    The log is shown up to where it is when an event comes, so :class:`runner.events.JobWrote` asks
    for what was added. An audience that has left is no reason to fail: then ``gone`` tells that it
    was a terminal, which is not there any more.
    """

    def __init__(  # noqa: PLR0913 - what it shows on, and what is told of it
        self,
        err: TextIO,
        out: TextIO,
        variables: Mapping[str, str],
        where: str,
        now: Callable[[], datetime],
        *,
        status: bool = False,
    ) -> None:
        """``where`` is the place of the workflow, ``file:line``; ``now`` the clock.

        With ``status`` there is a line below the output that tells how far the job is.
        """
        self._err = err
        self._out = out
        self._where = where
        self._now = now
        self._dress = style(err, variables)
        self._status: Status | None = None
        self._log: Log | None = None
        self._shown: int | None = 0
        """So much of the log has been shown; ``None``: nobody reads it."""
        self._replays = False
        self._dress_out = style(out, variables)
        self.gone = False
        self._told = ""
        self._news = News()
        self._line_below = StatusLine(out, self._dress) if status else None
        self._state = "running"
        self._drawn: tuple[object, ...] = ()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _tb: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Take away what moves."""
        self._quiet()
        self._close_log()
        self._hide_line()

    def replay(self) -> None:
        """The job was started before: its output so far is told, not drawn once more."""
        self._replays = True

    def stand_aside(self) -> None:
        """Somebody else has the terminal for a while (Ctrl-Z)."""
        self._cursor(SHOWN)
        self._hide_line()

    def come_back(self) -> None:
        """The terminal is ours again."""
        self._cursor(HIDDEN)

    def _cursor(self, code: str) -> None:
        if self._status is not None:
            with suppress(OSError):
                self._err.write(code)
                self._err.flush()

    def notify(self, event: events.Event) -> None:
        """Show one event."""
        match event:
            case events.JobWrote():
                self._carry()
            case events.JobStarted(_, log, start):
                self._quiet()
                self._out.flush()
                self._state = "running"
                self._log = Log(Path(log))
                if self._shown is not None:
                    self._shown = max(self._shown, start)
                if self._replays:
                    self._tell_again(self._log)
            case events.JobEnded():
                self._carry()
                self._close_log()
                self._hide_line()
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

    def progress(self, told: dict[str, Any] | None, cores: int | None) -> None:
        """How far the job is now, as in the run's document, and how many cores it was granted."""
        if self._line_below is None or self._log is None or told is None:
            return
        size = window_size()
        now = (self._state, told["at"], size)
        if size is None or now == self._drawn:
            return
        if not room(size):
            self._line_below.hide()
        elif self._shown is None or not settled(self._log.read(self._shown - TAIL, self._shown)):
            return
        else:
            text = status_line(self._state, told, cores, size.columns - 2)
            self._line_below.show(text, size)
        self._drawn = now

    def _hide_line(self) -> None:
        self._drawn = ()
        if self._line_below is not None:
            self._line_below.hide()

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
                self._state = "stopping"
                return self._stopping(signal, after)
            case events.TookOver() | events.Warned():
                return f"{paint('warning:', 'yellow')} {harmless(event.text)}"
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
        try:
            self._err.write(self._dress.plain(line) + "\n")
            self._err.flush()
        except OSError as error:
            self._left(error)

    def _show(self, phase: str, text: str) -> None:
        """A spinner with one line, on a terminal only."""
        if self._dress.terminal:
            self._spin(self._dress.plain(f"{phase:<{_LABEL}} {harmless(text)}"))

    def _spin(self, shown: str | _Countdown) -> None:
        # the spinner takes the two columns in front
        if self._status is None:
            from rich.console import Console

            console = Console(file=self._err, highlight=False, markup=False, emoji=False)
            self._status = console.status(shown, spinner="dots")
            begin(self._status)
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
            take_away(self._status, self._err)
            self._status = None

    def _carry(self) -> None:
        if self._log is not None and self._shown is not None:
            try:
                self._shown = self._log.send(self._out.fileno(), self._shown)
            except OSError as error:  # the log still has it all
                self._shown = None
                self._left(error)
                if error.errno not in _NOBODY:
                    said = f"{error.strerror}; `wf logs` has all of it"
                    self._say(self._dress.paint("warning: ", "yellow") + f"stdout: {said}")

    def _tell_again(self, log: Log) -> None:
        """The output so far, folded; of a long one, on a terminal, the end."""
        self._replays = False
        start, end = self._shown or 0, log.size()
        # what comes next is passed on as it is: it must not begin within something
        tail = log.read(max(end - TAIL, start), end)
        while not settled(tail):
            tail, end = tail[:-1], end - 1
        replay = Replay(log, self._out, self._dress_out)
        part = replay.all(start, end, _TOLD_BYTES)
        if part.start > start:
            self._say(self._dress.paint(f"  … {amount(part.start)} above", "dim"))
        try:
            replay.show(part)
            self._shown = end
        except OSError as error:
            self._shown = None
            self._left(error)

    def _close_log(self) -> None:
        if self._log is not None:
            self._log.close()
            self._log = None

    def _left(self, error: OSError) -> None:
        self.gone = self.gone or error.errno == errno.EIO  # what a terminal says that was closed


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
        yield Text(cut(said, options.max_width - ECHO), no_wrap=True)
