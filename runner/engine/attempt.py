"""One attempt at one job: who takes part in it, and how those who watch are told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.collecting.preparing import at_home
from runner.events import PhaseProgress
from runner.pace import Pace

if TYPE_CHECKING:
    from runner.engine.parts import Parts, Session
    from runner.events import Event
    from runner.plan.plan import Job
    from runner.records.opened import OpenRun
    from runner.spec.workflow import ArtifactRequest


class Attempt(NamedTuple):
    """One attempt at one job; ``number`` counts those of the run, from 1."""

    run: OpenRun
    job: Job
    parts: Parts
    session: Session
    number: int = 1

    @property
    def requests(self) -> tuple[ArtifactRequest, ...]:
        """What the job is to leave behind, with the user's home in place of ``~``."""
        home = self.session.variables.get("HOME") or os.path.expanduser("~")
        return at_home(self.job.kept, os.path.realpath(home))

    def notify(self, event: Event) -> None:
        """Tell those who watch."""
        self.session.observer.notify(event)

    def teller(self, phase: str, verb: str) -> Pace:
        """To be told how many files and bytes are done; the observer is told now and then."""
        return Pace(lambda text: self.notify(PhaseProgress(phase, f"{verb} {text}")))
