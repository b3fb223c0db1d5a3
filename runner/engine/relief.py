"""Who goes on with a job that outlives this process, as a container does: a copy of it stands by.

The copy holds what this one holds: the locks of the run and of its supervisor, and its devices. So
nobody ever sees the run without a supervisor, and nothing of it is free in between.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from runner import fork
from runner.engine.ending import verdict
from runner.events import TookOver, Warned
from runner.records import asking, folder, supervision

if TYPE_CHECKING:
    from pathlib import Path

    from runner.engine.attempt import Attempt
    from runner.fork import Deputy


# what kills that many of them would kill any other
_IN_A_ROW = 6


class Standing:
    """That of one attempt at one job, until :meth:`close`."""

    def __init__(self, attempt: Attempt) -> None:
        self._attempt = attempt
        self._deputy: Deputy | None = None

    @property
    def book(self) -> Path:
        """Where it stands how far the log is."""
        return self._attempt.run.paths.handed_on

    def note(self, identity: str | None = None) -> None:
        """Write down which container it is, or that there is about to be one.

        Raises:
            WfError: kind ``STORAGE`` when that cannot be written.
        """
        attempt, image = self._attempt, self._attempt.image
        if image is None:
            return
        daemon = attempt.parts.daemon()
        document = {
            "id": identity,
            "image": image.reference,
            "image_id": image.id,
            "daemon": daemon.found_by,
            "listener": daemon.listener() if identity else None,
            "terminal": attempt.session.terminal is not None,
        }
        folder.write(attempt.run.paths.container, document, durable=False)

    def stand_by(self, identity: str) -> bool:
        """Write down which container it is, and have a copy of this process stand by.

        The copy has one that stands by as well, once it has taken over.
        """
        self.close()
        self.note(identity)
        self.get_ready()
        took_over = False
        for _ in range(_IN_A_ROW):
            try:
                self._deputy = fork.deputy(self._take_over)
            except OSError as error:
                self.warn(f"nobody can go on with it if wf is killed: {error.strerror}")
                return took_over
            if self._deputy is not None:
                break
            took_over = True
        return took_over

    def get_ready(self) -> None:
        """Hold no connection, which must not be carried into a child."""
        self._attempt.parts.records.close()

    def meanwhile(self) -> None:
        """Load what comes after the job: a daemon takes longer to start it."""
        import runner.artifacts.collecting.collect  # noqa: F401

    def warn(self, text: str) -> None:
        """Tell those who watch."""
        self._attempt.notify(Warned(text))

    def _take_over(self) -> None:
        run, signals = self._attempt.run, self._attempt.session.signals
        state = folder.read_state(run.paths)
        if state is None or state.status != "running" or verdict.read(run.paths) is not None:
            os._exit(0)  # it got further than that: who finds the run brings it to its end
        supervision.write(run.supervising)
        signals.renew()
        self._attempt.notify(TookOver(os.getpid()))
        asked = asking.read(run.paths)
        if asked is not None:
            signals.arrived(asked.number)

    def close(self) -> None:
        """The job has ended. Safe to repeat."""
        if self._deputy is not None:
            self._deputy.dismiss()
            self._deputy = None
