"""One attempt at one job: who takes part in it, and how those who watch are told."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NamedTuple

from runner.artifacts.collecting.preparing import at_home
from runner.events import PhaseProgress
from runner.pace import Pace

if TYPE_CHECKING:
    from pathlib import Path

    from runner.containers.values import Image
    from runner.engine.parts import Parts, Session
    from runner.events import Event
    from runner.plan.plan import Job
    from runner.records.opened import OpenRun
    from runner.spec.workflow import ArtifactRequest


class Attempt(NamedTuple):
    """One attempt at one job; ``number`` counts those of the run, from 1.

    ``image`` is that of its container, once it is there.
    """

    run: OpenRun
    job: Job
    parts: Parts
    session: Session
    number: int = 1
    image: Image | None = None

    @property
    def requests(self) -> tuple[ArtifactRequest, ...]:
        """What the job is to leave behind, with the user's home in place of ``~``."""
        home = self.session.variables.get("HOME") or os.path.expanduser("~")
        return at_home(self.job.kept, os.path.realpath(home))

    @property
    def inside(self) -> Path | None:
        """What stands for the root of its container while that is not made; ``None``: it has none.

        What other runs left at absolute paths never goes to this machine then.
        """
        return None if self.job.container is None else self.run.paths.inside

    def notify(self, event: Event) -> None:
        """Tell those who watch."""
        self.session.observer.notify(event)

    def teller(self, phase: str, verb: str) -> Pace:
        """To be told how many files and bytes are done; the observer is told now and then."""
        return Pace(lambda text: self.notify(PhaseProgress(phase, f"{verb} {text}")))
