"""One run as its folder tells it: the same whether it was started here or somewhere else."""

from __future__ import annotations

import os
import signal
from typing import TYPE_CHECKING, Any

from runner import events
from runner.cli.hearing import Leaving
from runner.records import folder, progress, served
from runner.records.changes import Changes
from runner.records.events import EventReader

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.cli.context import Context
    from runner.cli.render.live import Watcher
    from runner.paths import RunPaths

# a log that grows need not be shown the moment it does: fewer, larger pieces take less of the
# processor that the job runs on
_REST_SECONDS = 0.01


class RunView:
    """A run that goes on, and who shows it."""

    def __init__(
        self, paths: RunPaths, watcher: Watcher, context: Context, *, apart: bool = False
    ) -> None:
        """``apart``: services are told elsewhere, with the secrets of their addresses.

        So is the end.
        """
        self.paths = paths
        self.watcher = watcher
        self._context = context
        self._apart = apart
        self._changes = Changes(paths.root)
        self._events = EventReader(paths.events)
        self._moved: tuple[int, int] | None = None
        self._runs = False
        self._going: dict[str, Any] | None = None
        self._cores: int | None = None
        self._job = 0
        self.ended = False
        """Whether the job has ended, and the run soon will."""
        self._began = False

    def look(self) -> None:
        """Show what is new.

        Raises:
            Leaving: the terminal is gone.
        """
        for event in self._events.new():
            self._tell(event)
        self._tell_progress()
        if self._runs:
            self.watcher.notify(events.JobWrote())
        # nohup(1): the end of a terminal is no reason to end
        if self.watcher.gone and signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:
            raise Leaving(signal.SIGHUP)

    def look_back(self) -> None:
        """The run is over: show its output, if nothing told that there is some."""
        if not self._began and self.paths.log.exists():
            self.watcher.notify(events.JobStarted(0, str(self.paths.log)))
        self.watcher.notify(events.JobEnded())

    def wait(self, others: Sequence[int], seconds: float | None) -> set[int]:
        """Wait until there is something new; see :meth:`runner.records.changes.Changes.wait`."""
        ready = self._changes.wait(others, seconds)
        if not ready and self._runs:
            ready = self._changes.rest(others, _REST_SECONDS)
        return ready

    def close(self) -> None:
        """Look no more."""
        self.watcher.close()
        self._changes.close()

    def _tell(self, event: events.Event) -> None:
        match event:
            case events.ServiceReady() if self._apart:
                return
            case events.ServiceReady(_, url) if self._context.err.isatty():
                event = event._replace(url=served.whole(self.paths, url, self._job))
            case events.JobStarted():
                self._runs = self._began = True
                self._job = event.pid
                self.ended = False
                if self._changes.closed:
                    self._changes = Changes(self.paths.root)
                granted = (folder.read(self.paths.granted) or {}).get("cpus")
                self._cores = len(granted) if granted else None
                # where it is now: the state folder may have been moved
                event = event._replace(log=str(self.paths.log))
            case events.JobEnded():
                self._runs = False
                self.ended = True
                if self._apart:
                    # the kernel takes its time for that, and here nobody waits for it
                    self._changes.close()
        self.watcher.notify(event)

    def _tell_progress(self) -> None:
        """How far the phase is, where that changed."""
        try:
            found = os.stat(self.paths.progress)
        except OSError:
            return
        moved = (found.st_ino, found.st_mtime_ns)
        if self._runs:
            if moved != self._moved:
                self._going = folder.read_progress(self.paths, "running")
            self._moved = moved
            # also where nothing moved: the terminal may have another size
            self.watcher.progress(self._going, self._cores)
            return
        if moved == self._moved:
            return
        self._moved = moved
        said = folder.read(self.paths.progress)
        event = said and progress.to_event(said, self._context.now())
        if event:
            self.watcher.notify(event)
