"""What happens to a run is told in its folder, for whoever watches it from wherever."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner import events
from runner.records import folder, progress
from runner.records.events import EventLog

if TYPE_CHECKING:
    from runner.events import Event, Observer
    from runner.paths import RunPaths


class Chronicle:
    """An observer between a run and whoever else is told.

    What lasts is added to the run's events, what moves replaces what moved before. That a run
    stands still lasts, but not each minute of it.
    """

    def __init__(self, paths: RunPaths, observer: Observer) -> None:
        self._log = EventLog(paths.events)
        self._served = paths.served
        self._progress = progress.Progress(paths.progress)
        self._observer = observer
        self._stands: tuple[object, ...] = ()
        self._process = os.getpid()
        self._told: list[Event] = []

    def notify(self, event: Event, /) -> None:
        """Write it down, and pass it on."""
        if os.getpid() != self._process:
            # a copy of who began this, which was killed: what that one told is not told again
            self._process = os.getpid()
            self._told += self._log.others()
        if self._told and (written := self._as_written(event)) in self._told:
            self._told.remove(written)
            return
        match event:
            case events.JobWrote():
                pass  # the log itself tells
            case events.PhaseProgress(phase, text, waiting):
                if waiting:
                    self._stand(event, (phase, text))
                self._progress.put(progress.of_event(event))
            case events.Waiting():
                self._stand(event, (event.short_of, event.place))
                self._progress.put(progress.of_event(event))
            case events.ServiceReady():
                self._log.add(self._as_written(event))
            case events.PhaseFinished() | events.JobStarted():
                self._progress.clear()
                self._log.add(event)
            case _:
                self._log.add(event)
        self._observer.notify(event)

    def _as_written(self, event: Event) -> Event:
        if isinstance(event, events.ServiceReady):
            # its token is for the terminal of who started it, and stands on no disk
            served = folder.read(self._served) or {}
            return event._replace(url=str(served.get("service")))
        return event

    def close(self) -> None:
        """The run is over."""
        self._progress.clear()
        self._log.close()

    def _stand(self, event: Event, why: tuple[object, ...]) -> None:
        if why != self._stands:
            self._stands = why
            self._log.add(event)
