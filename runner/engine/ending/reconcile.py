"""Runs that nobody carries out any more are brought to their end, whatever died.

Their processes are ended, what the job left behind is collected, what they held is let go of. The
end is the true one where it is on the disk, else ``lost``. Whoever does this may be killed as well:
the next one finds what has been done, and does the rest.
"""

from __future__ import annotations

import os
import time
from contextlib import suppress
from datetime import datetime, timezone
from typing import TYPE_CHECKING, NamedTuple

from runner import tree
from runner.engine.ending import adrift, verdict
from runner.engine.ending.clearing import clear
from runner.engine.ending.recollecting import missing, recollect
from runner.engine.ending.verdict import Verdict
from runner.errors import INTERNAL, STORAGE, WfError
from runner.failpoints import reach
from runner.process import orphans
from runner.records import asking, attempts, folder, manifests, supervision
from runner.units import count

if TYPE_CHECKING:
    from collections.abc import Sequence

    from runner.allocation.interface import Leases
    from runner.engine.ending.adrift import Adrift
    from runner.paths import RunPaths
    from runner.process.ending import Left
    from runner.records.state import State
    from runner.records.store import Records
    from runner.records.supervision import Supervisor

DIED = "supervisor_died"
RESTARTED = "machine_restarted"
# the descriptors of a process that has been ended are closed a moment later
_LET_GO_SECONDS = 5.0
_LOOK_AGAIN_SECONDS = 0.005
# so many are each brought to the disk, which takes milliseconds; more of them together
_FEW = 16
# a job that ran may have left something behind, and one that did not has not
_RAN = ("running", "collecting")


class Unsettled(NamedTuple):
    """A run that could not be brought to its end, and why; ``bug`` is one in wf, if that is why."""

    run: str
    error: WfError
    bug: Exception | None = None


class _Case(NamedTuple):
    """A run that lost its supervisor, who that was, what was left of its processes, its container.

    The last is as it was before anything was ended.
    """

    paths: RunPaths
    supervisor: Supervisor | None
    left: Left
    container: Adrift | None


def reconcile(records: Records, dead: Sequence[RunPaths], leases: Leases) -> list[Unsettled]:
    """Bring these runs to their end; those that could not be.

    What goes wrong with one of them, be it a bug in wf, keeps no other from its end.

    They are what :meth:`Records.settle` answers. A run that this very process belongs to is left to
    others, and so is one that something lives of which cannot be seen from here.
    """
    known = {paths.root.name: supervision.recorded(paths) for paths in dead}
    containers = {
        paths.root.name: adrift.find(paths, restarted=_restarted(known[paths.root.name]))
        for paths in dead
    }
    left = orphans.end(
        [
            orphans.Dead(paths, maker and maker.pid)
            for paths, maker in zip(dead, known.values(), strict=True)
        ]
    )
    reach("orphans-ended")
    with suppress(WfError):
        leases.standing()  # whoever looks removes what dead runs have left in the lock folder
    few = len(dead) <= _FEW
    unsettled = []
    for paths in dead:
        name = paths.root.name
        if name in left:
            case = _Case(paths, known[name], left[name], containers[name])
            try:
                _settle(records, case, durable=few)
            except Exception as error:  # noqa: BLE001 - nobody could look at any other run
                unsettled.append(_unsettled(name, error))
    if not few:
        records.make_durable(dead)
    return unsettled


def _unsettled(run: str, error: Exception) -> Unsettled:
    match error:
        case WfError():
            return Unsettled(run, error)
        case OSError():
            said = f"{error.strerror}: {error.filename}" if error.filename else error.strerror
            return Unsettled(run, WfError(STORAGE, str(said)))
    said = f"this is a bug in wf: {type(error).__name__}: {error}"
    return Unsettled(run, WfError(INTERNAL, said), error)


def _settle(records: Records, case: _Case, *, durable: bool) -> None:
    """One of several commands does it."""
    try:
        turn = folder.take_turns(case.paths)
    except FileNotFoundError:  # removed meanwhile
        return
    try:
        state = folder.read_state(case.paths)
        if state is None or state.terminal:  # somebody else has done it
            return
        if case.container is not None:
            case.container.settle(ran=state.status in _RAN)
        if case.left.stuck or _let_go(case.paths, patient=bool(case.left.ended)):
            _Settlement(records, case, state, durable=durable).finish()
    finally:
        os.close(turn)


def _restarted(supervisor: Supervisor | None) -> bool:
    return supervisor is not None and not supervisor.of_this_start


def _let_go(paths: RunPaths, *, patient: bool) -> bool:
    """Whether nothing holds the run's lock any more."""
    deadline = time.monotonic() + (_LET_GO_SECONDS if patient else 0.0)
    while folder.alive(paths):
        if time.monotonic() >= deadline:
            return False
        time.sleep(_LOOK_AGAIN_SECONDS)
    return True


class _Settlement:
    """That of one run, which nobody else is at."""

    def __init__(self, records: Records, case: _Case, state: State, *, durable: bool) -> None:
        self._records = records
        self._paths, supervisor, self._left = case.paths, case.supervisor, case.left
        self._state = state
        self._durable = durable
        self._restarted = _restarted(supervisor)
        self._verdict = _verdict(self._paths, state)
        self._submitted = folder.read_submitted(self._paths) or {}
        self._at = _last_sign(
            self._paths, verdict=self._verdict is not None, now=bool(self._left.ended)
        )

    def finish(self) -> None:
        """Collect, clear, and write the end: in this order, as only the end is never repeated."""
        error = self._collect() if self._state.status in _RAN else None
        reach("recollected")
        end = self._end(error)
        edited = self._submitted.get("edits") is True
        clear(self._paths, keep_workspace=edited or error is not None)
        reach("cleared")
        attempts.end_open(self._paths, self._records.stamp(self._at), end)
        self._records.advance(
            self._paths,
            self._state,
            end.status,  # type: ignore[arg-type]
            self._at,
            durable=self._durable,
            reason=end.reason,
            message=end.message,
            hint=end.hint,
            exit_code=end.exit_code,
        )

    def _collect(self) -> WfError | None:
        """Have the artifacts where they belong; why that cannot be."""
        if self._verdict is not None and self._state.status == "running":
            self._state = self._records.advance(
                self._paths,
                self._state,
                "collecting",
                self._at,
                exit_code=self._verdict.exit_code,
            )
        if self._paths.manifest.exists():
            return missing(self._paths)
        if asking.aborted(self._paths):
            with suppress(OSError):  # half of them would be taken for all of them
                tree.remove(self._paths.artifacts)
            return None
        try:
            home = self._records.home
            return recollect(self._paths, self._submitted, home, durable=self._durable).error
        except WfError as error:
            return error

    def _end(self, error: WfError | None) -> Verdict:
        found = self._verdict
        if found is None:
            return self._lost(error)
        if error is not None:
            return Verdict("failed", "storage", error.message, found.exit_code, error.hint)
        if asking.aborted(self._paths) and not self._paths.manifest.exists():
            return verdict.given_up(found, asking.read(self._paths))
        return found

    def _lost(self, error: WfError | None) -> Verdict:
        status, name = self._state.status, self._paths.root.name
        reason = RESTARTED if self._restarted else DIED
        what = "the machine was restarted" if self._restarted else "wf was killed"
        said = f"{what} while the run was {status}"
        kept = any(artifact.digest for artifact in manifests.known(self._paths))
        said = "; ".join(
            [
                said,
                *_of_job(status, self._state.exit_code),
                *_of_processes(self._left),
                *([f"what it left behind is in its workspace: {error.message}"] if error else ()),
            ]
        )
        workflow = self._submitted.get("workflow")
        hint = f"wf resume {name}" if kept else workflow and f"wf run {workflow}"
        return Verdict("lost", reason, said, None, hint)


def _of_job(status: str, exit_code: int | None) -> list[str]:
    if status == "running":
        return ["how the job ended is not known"]
    return [] if exit_code is None else [f"the job had ended with {exit_code}"]


def _of_processes(left: Left) -> list[str]:
    said = []
    if left.ended:
        were = "was" if left.ended == 1 else "were"
        said.append(f"{count(left.ended, 'process', 'processes')} of it {were} ended")
    if left.stuck:
        said.append(f"{count(left.stuck, 'process', 'processes')} of it cannot be ended")
    return said


def _verdict(paths: RunPaths, state: State) -> Verdict | None:
    """How it ended, if that is on the disk; a job that was not started has not succeeded."""
    found = verdict.read(paths)
    return None if found and found.status == "succeeded" and state.status not in _RAN else found


def _last_sign(paths: RunPaths, *, verdict: bool, now: bool) -> datetime | None:
    """When the run ended, or was last heard of; ``None`` for now."""
    if now and not verdict:
        return None
    heard = (paths.verdict,) if verdict else (paths.state, paths.log, paths.samples, paths.events)
    times = []
    for path in heard:
        with suppress(OSError):
            times.append(path.stat().st_mtime)
    return datetime.fromtimestamp(max(times), timezone.utc) if times else None
