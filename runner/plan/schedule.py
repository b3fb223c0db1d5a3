r"""Which job of a plan can start when: a state machine without clock, processes or machine.

::

    waiting -> running -> succeeded | failed
       \____-> skipped      (what it needs failed or was skipped, or no more jobs are to start)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

JobState = Literal["waiting", "running", "succeeded", "failed", "skipped"]


@dataclass(frozen=True, slots=True)
class Schedule:
    """How far the jobs are, by workflow, in the order of the plan.

    ``needs`` are the jobs that must have succeeded before one can start. ``because`` names, for a
    job that was skipped, the one at fault; nothing: somebody asked for the end. With
    ``keep_going`` a failure keeps only those from starting that need the job.
    """

    needs: Mapping[str, frozenset[str]]
    states: Mapping[str, JobState]
    because: Mapping[str, str]
    keep_going: bool = False

    @property
    def ready(self) -> tuple[str, ...]:
        """Jobs that could start now, in order."""
        return tuple(
            name
            for name, state in self.states.items()
            if state == "waiting"
            and all(self.states[other] == "succeeded" for other in self.needs[name])
        )

    @property
    def running(self) -> tuple[str, ...]:
        """Jobs that go on."""
        return tuple(name for name, state in self.states.items() if state == "running")

    @property
    def over(self) -> bool:
        """Whether nothing goes on and nothing will start."""
        return not any(state in {"waiting", "running"} for state in self.states.values())

    def start(self, name: str) -> Schedule:
        """A job has started; it must be :attr:`ready`."""
        if name not in self.ready:
            raise ValueError(name)
        return replace(self, states={**self.states, name: "running"})

    def end(self, name: str, *, succeeded: bool) -> Schedule:
        """A job has ended; it must be :attr:`running`."""
        if self.states[name] != "running":
            raise ValueError(name)
        if succeeded:
            return replace(self, states={**self.states, name: "succeeded"})
        return self._failed(name)

    def stop(self) -> Schedule:
        """Nothing starts any more."""
        waiting = [name for name, state in self.states.items() if state == "waiting"]
        states = {**self.states, **dict.fromkeys(waiting, "skipped")}
        return replace(self, states=states)  # type: ignore[arg-type]

    def _failed(self, failed: str) -> Schedule:
        """After a failure: what can, or is to, start no more is skipped."""
        states: dict[str, JobState] = {**self.states, failed: "failed"}
        because = dict(self.because)
        for name, needs in self.needs.items():  # in order: what is needed comes first
            if states[name] != "waiting":
                continue
            at_fault = next((n for n in needs if states[n] in {"failed", "skipped"}), None)
            if at_fault is not None:
                states[name], because[name] = "skipped", because.get(at_fault, at_fault)
            elif not self.keep_going:
                states[name], because[name] = "skipped", failed
        return replace(self, states=states, because=because)


def schedule(jobs: Iterable[tuple[str, frozenset[str]]], *, keep_going: bool = False) -> Schedule:
    """The start: every job waits. What a job needs stands before it; what is no job counts not."""
    needs: dict[str, frozenset[str]] = {}
    for name, needed in jobs:
        needs[name] = needed & needs.keys()
    return Schedule(needs, dict.fromkeys(needs, "waiting"), {}, keep_going)
