"""Several jobs at once: a line when one starts or ends, and on a terminal what goes on now."""

from __future__ import annotations

import os
import time
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, TextIO

from runner import events
from runner.cli.render.failure import excerpt
from runner.cli.render.moving import begin, take_away
from runner.cli.render.style import ECHO, harmless, style
from runner.cli.render.waiting import News, waiting_line
from runner.folding.fold import plain_lines
from runner.units import duration

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from rich.live import Live
    from rich.table import Table

    from runner.engine.carrying.batch import Course
    from runner.engine.carrying.member import Ended
    from runner.events import Event

_REFRESH_SECONDS = 0.25
_TAIL_BYTES = 4096
_LAST_LINES = 10
_NAME = 18


class Board:
    """Shows a batch on ``err``; see :class:`runner.engine.carrying.batch.Board`."""

    def __init__(
        self, err: TextIO, variables: Mapping[str, str], jobs: int, now: Callable[[], datetime]
    ) -> None:
        """``jobs`` is how many there are; ``now`` is the clock."""
        self._err = err
        self._dress = style(err, variables)
        self._live: Live | None = None
        self._going: dict[str, Course] = {}
        self._doing: dict[str, str] = {}
        self._waits: dict[str, _Wait] = {}
        self._left = jobs
        self._now = now
        self._drawn = 0.0

    @property
    def interval(self) -> float | None:
        """A terminal is drawn anew a few times a second; a file has nothing that moves."""
        return _REFRESH_SECONDS if self._dress.terminal else None

    def began(self, course: Course) -> None:
        """A job's process was started."""
        self._going[course.workflow] = course
        self._left -= 1

    def told(self, course: Course, event: Event) -> None:
        """Something happened to a job."""
        match event:
            case events.RunCreated(run, workflow):
                self._line("●", "green", run, workflow, "started")
            case events.PhaseStarted(phase, text) | events.PhaseProgress(phase, text):
                self._doing[course.workflow] = f"{phase}: {text}"
            case events.Waiting():
                self._wait(course, event)
            case events.JobStarted():
                self._waits.pop(course.workflow, None)
                self._doing[course.workflow] = ""
            case events.ServiceReady(name, url):
                self._line("✓", "green", course.run or "", course.workflow, f"{name}  {url}")
            case events.TookOver() | events.Warned():
                self._say(f"{self._dress.paint('warning:', 'yellow')} {course.run}: {event.text}")

    def _wait(self, course: Course, event: events.Waiting) -> None:
        before = self._waits.get(course.workflow)
        at = time.monotonic()
        news = News() if before is None else before.news
        self._waits[course.workflow] = _Wait(event, at, news)
        if self.interval is None and news.of(event, at):
            said = waiting_line(event, self._now())
            self._line("◌", "yellow", course.run or "", course.workflow, said)

    def ended(self, course: Course) -> None:
        """A job ended, or will not be started."""
        self._going.pop(course.workflow, None)
        run = course.run or "-"
        if course.ended is None:
            self._left -= 1
            self._line("-", "dim", "-", course.workflow, skipped(course))
            return
        took = f" in {duration(course.took)}" if course.took is not None else ""
        if course.ended.exit_code == 0:
            self._line("✓", "green", run, course.workflow, f"succeeded{took}")
            return
        said = f"{course.ended.status}{took} · {course.ended.message}"
        self._line("✗", "red", run, course.workflow, said)
        for line in self._words(course, course.ended):
            self._say(line)
        if course.ended.hint:
            self._say(f"{self._dress.paint('hint:', 'cyan')} {harmless(course.ended.hint)}")

    def _words(self, course: Course, ended: Ended) -> list[str]:
        """What is known of a failure besides its message; else how the log ends."""
        if found := excerpt(ended.failure, self._dress):
            return found
        details = harmless(ended.details or "").splitlines()[-_LAST_LINES:]
        last = details or last_lines(course.log, _LAST_LINES)
        return [self._dress.plain(f"  │ {line}") for line in last]

    def reused(self, run: str, workflow: str, reason: str) -> None:
        """A job whose outcome is taken from a former run."""
        self._line("✓", "green", run, workflow, f"reused: {reason}")

    def stopping(self, signal: str) -> None:
        """Somebody asked for the end of all."""
        self._say(f"stopping ({signal} sent); press Ctrl-C again to kill")

    def tick(self) -> None:
        """Draw what goes on now, on a terminal."""
        if self.interval is None:
            return
        now = time.monotonic()
        if now - self._drawn >= _REFRESH_SECONDS or not self._going:
            self._drawn = now
            self._draw(now)

    def finish(self, said: str, following: str | None) -> None:
        """The last lines: the counts, and what to type next."""
        self._say(self._dress.paint(said, "bold"))
        if following is not None:
            self._say(self._dress.paint(f"  next: {following}", "dim"))

    def skipped(self, workflow: str, message: str) -> None:
        """A job that came to no run."""
        self._line("-", "dim", "-", workflow, message)

    def stand_aside(self) -> None:
        """Somebody else has the terminal for a while (Ctrl-Z)."""
        if self._live is not None:
            self._live.console.show_cursor()

    def come_back(self) -> None:
        """The terminal is ours again."""
        if self._live is not None:
            self._live.console.show_cursor(show=False)

    def close(self) -> None:
        """Take away what moves."""
        if self._live is not None:
            take_away(self._live, self._err)
            self._live = None

    def _line(self, symbol: str, colour: str, run: str, workflow: str, said: str) -> None:
        paint = self._dress.paint
        head = f"{paint(symbol, colour)} {paint(f'{run:<{_NAME}}', 'bold')}"
        self._say(f"{head} {workflow:<{_NAME}} {harmless(said)}")

    def _say(self, line: str) -> None:
        """A line that stays; what moves is below it."""
        with suppress(OSError):
            if self._live is not None:
                from rich.text import Text

                self._live.console.print(Text.from_ansi(self._dress.plain(line)), soft_wrap=True)
            else:
                self._err.write(self._dress.plain(line) + "\n")
                self._err.flush()

    def _draw(self, now: float) -> None:
        if self._live is None:
            from rich.console import Console
            from rich.live import Live

            console = Console(file=self._err, highlight=False, markup=False, emoji=False)
            # no thread draws: children are made by fork, which threads do not survive
            self._live = Live(console=console, auto_refresh=False, transient=True)
            begin(self._live)
        with suppress(OSError):
            self._live.update(self._table(now), refresh=True)

    def _table(self, now: float) -> Table:
        from rich.table import Table
        from rich.text import Text

        assert self._live is not None  # noqa: S101 - it draws
        width = max(self._live.console.width - ECHO, 1)
        made = Table(box=None, header_style="dim", pad_edge=False, width=width)
        for name in ("RUN", "WORKFLOW", "STATE", "TIME"):
            made.add_column(name, no_wrap=True, overflow="ellipsis")
        made.add_column("LAST", no_wrap=True, overflow="ellipsis", ratio=1)
        for course in self._going.values():
            state, last = self._state(course, now)
            took = duration(now - (course.started or now))
            cells = (course.run or "-", course.workflow, state, took, last)
            made.add_row(*(Text(self._dress.plain(harmless(cell))) for cell in cells))
        if self._left:
            made.caption = Text(f"{self._left} waiting")
            made.caption_justify = "left"
        return made

    def _state(self, course: Course, now: float) -> tuple[str, str]:
        """What a job is at, and the last that is known of it."""
        if course.log:
            return "running", next(iter(last_lines(course.log, 1)), "")
        wait = self._waits.get(course.workflow)
        if wait is not None:
            return "waiting", waiting_line(wait.event, self._now(), now - wait.at)
        return "preparing", self._doing.get(course.workflow, "")


class _Wait(NamedTuple):
    """That a job waits: what was told of it, and when."""

    event: events.Waiting
    at: float
    news: News


def skipped(course: Course) -> str:
    """Why a job was not started."""
    return f"skipped: {course.because} failed" if course.because else "skipped: stopped before"


def last_lines(log: str | None, count: int) -> list[str]:
    """The last lines of a log that say something, as they would stand on a terminal."""
    if log is None:
        return []
    try:
        with open(log, "rb") as file:
            file.seek(max(os.fstat(file.fileno()).st_size - _TAIL_BYTES, 0))
            tail = file.read()
    except OSError:
        return []
    said = [harmless(line).rstrip() for line in plain_lines(tail)]
    return [line for line in said if line][-count:]


def summary(courses: list[Course], reused: int, took: float) -> str:
    """The counts, in words."""
    statuses = [course.ended.status for course in courses if course.ended is not None]
    counts = {
        "succeeded": statuses.count("succeeded"),
        "reused": reused,
        "failed": statuses.count("failed"),
        "cancelled": statuses.count("cancelled"),
        "skipped": len(courses) - len(statuses),
    }
    said = ", ".join(f"{number} {word}" for word, number in counts.items() if number)
    return f"{said} in {duration(took)}"
